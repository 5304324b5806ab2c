"""The tables of devcloud/README.md describe the patches of the emulator."""

import re
from pathlib import Path

import pytest

from devcloud.emulator import patches

DEVCLOUD = Path(__file__).parents[1]
ROW = re.compile(r"^\| `((?:parity|extensions)/\w+)` \|(.+)\| `(\w+)::(\w+)` \|$", re.M)
ROWS = {row[1]: row for row in ROW.finditer((DEVCLOUD / "README.md").read_text())}


def test_every_patch_has_a_row_and_every_row_a_patch():
    folder = DEVCLOUD / "emulator" / "patches"

    assert set(ROWS) == {
        f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.py") if path.stem[0] != "_"
    }


@pytest.mark.parametrize("module", ROWS)
def test_the_test_of_a_patch_exists(module):
    source = Path(__file__).with_name(f"{ROWS[module][3]}.py").read_text()

    assert f"def {ROWS[module][4]}(" in source


@pytest.mark.parametrize("module", [name for name in ROWS if name.startswith("parity/")])
def test_a_parity_patch_names_the_aws_documentation(module):
    source = (DEVCLOUD / "emulator" / "patches" / f"{module}.py").read_text()

    assert re.findall(r"https://docs\.aws\.amazon\.com/\S+", source) == re.findall(
        r"\((https://docs\.aws\.amazon\.com/\S+)\)", ROWS[module][2]
    )


def test_another_version_of_ministack_is_refused(monkeypatch):
    monkeypatch.setattr(patches, "version", lambda name: "9.9.9")

    with pytest.raises(patches.UnexpectedSource, match=r"9\.9\.9 is installed"):
        patches.apply()
