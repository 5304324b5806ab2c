"""Create a service: its folder, its entries in lists, generated files."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from delivery.paths import ROOT
from scaffold import names, places

_TEMPLATE = Path(__file__).parent / "template" / "service"
_PAGES = (
    "delivery.chalice_settings",
    "docgen.openapi.shop",
    "docgen.access_page",
    "delivery.workflows",
)


class NotFinished(RuntimeError):
    """The files are written, but a command that follows failed. The message is its."""


def main() -> int:
    """Create a service. 0 if it exists now, 2 if its name is refused."""
    parser = argparse.ArgumentParser(prog="make new-service", description=__doc__)
    parser.add_argument("name", help="such as wishlist-service")
    name = parser.parse_args().name
    try:
        noun = names.noun(name)
        places.require_free(name, noun)
        make(name, noun)
    except names.NameRefused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except (NotFinished, LookupError) as failure:
        print(failure, file=sys.stderr)
        return 1
    print(
        f"{name} is created. Its suite: make test SERVICE={name}."
        f" To run it: make up, then {name}/README.md."
    )
    return 0


def make(name: str, noun: names.Noun) -> None:
    """Write the service's files.

    Writes nothing if one of the shop's lists has no place for it.
    """
    lists = places.additions(name, noun, lambda text: names.spelt(text, noun))
    folder = _folder(name, noun)
    for path, text in lists.items():
        path.write_text(text)
    # Names of another length are wrapped, and names of another letter sorted, differently.
    ruff = str(Path(sys.executable).with_name("ruff"))
    _run(ruff, "check", "--quiet", "--fix", "--select", "I", str(folder))
    _run(ruff, "format", "--quiet", str(folder), places.RIGHTS_TABLE, places.FIXTURES)
    for module in _PAGES:
        _run(sys.executable, "-m", module)


def _folder(name: str, noun: names.Noun) -> Path:
    folder = ROOT / name
    for source in sorted(
        path for path in _TEMPLATE.rglob("*") if path.is_file() and path.suffix != ".pyc"
    ):
        target = folder / names.spelt(str(source.relative_to(_TEMPLATE)), noun)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(names.spelt(source.read_text(), noun))
    (folder / "vendor").mkdir()
    (folder / "vendor" / "common").symlink_to("../../common/common")
    shutil.copyfile(ROOT / "product-service" / "requirements.txt", folder / "requirements.txt")
    return folder


def _run(*command: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "common")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise NotFinished(
            f"{Path(command[0]).name} {' '.join(command[1:])}: {done.stdout}{done.stderr}".strip()
        )


if __name__ == "__main__":
    sys.exit(main())
