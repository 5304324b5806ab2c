"""What `make` does first in a fresh clone: create .venv with the machine's Python."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from delivery.paths import ROOT
from testkit import pythons

SCRIPT = "common/devcloud/install.py"
PYTHONS = pythons.installed()
FLAGS = ([], ["-S"], ["-P"], ["-S", "-P"], ["-I"])
OWN = sys.version.split()[0]
BASE = Path(sys.base_prefix, "bin", "python3")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """The script among its neighbours, with one package to install."""
    root = tmp_path / 'a shop\'s "clone"'
    shutil.copytree(
        ROOT / "common", root / "common", ignore=shutil.ignore_patterns("__pycache__", "tests")
    )
    (root / "cart-service" / "vendor" / "common").mkdir(parents=True)
    (root / "requirements-dev.txt").write_text(f"# pinned\nbowl @ {wheel(tmp_path).as_uri()}\n")
    return root


def wheel(folder: Path) -> Path:
    """A package with nothing but a module."""
    path = folder / "bowl-1.0-py3-none-any.whl"
    about = "bowl-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bowl.py", "SIZE = 3\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: bowl\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def without_symlinks(root: Path) -> None:
    """As git on Windows checks it out."""
    link = root / "cart-service" / "vendor" / "common"
    link.rmdir()
    link.write_text("../../common/common")


def run(root: Path, python: Path | str, *arguments: str, **environment: str):
    return subprocess.run(
        [str(python), *arguments],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), **environment},
        capture_output=True,
        text=True,
    )


def install(root: Path, *arguments: str, python: Path = BASE, **environment: str) -> list[str]:
    """What it prints, line by line, after it has succeeded."""
    done = run(root, python, "-I", SCRIPT, *arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("version", PYTHONS)
def test_any_python_reaches_the_first_statement(checkout, version, flags):
    minor = version.rpartition(".")[0]
    if minor not in pythons.SUPPORTED:
        flags = [flag for flag in flags if flag != "-P"]  # came with 3.11
    without_symlinks(checkout)

    done = run(checkout, PYTHONS[version], *flags, SCRIPT)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    if minor in pythons.SUPPORTED:
        assert done.stderr.startswith("cart-service/vendor/common is not a symlink in this")
    else:
        assert done.stderr.startswith(f"Python {minor} is not supported: 3.11 to 3.13 is.")


def test_only_this_script_starts_outside_the_venv():
    recipes = [line for line in (ROOT / "Makefile").read_text().splitlines() if line[:1] == "\t"]
    outside = [line for line in recipes if "PYTHON))" in line and "command -v" not in line]
    elsewhere = [ROOT / ".ci/run", *(ROOT / ".github" / "workflows").glob("*.yml")]
    commands = [line for file in elsewhere for line in file.read_text().splitlines()]

    assert [SCRIPT in line for line in outside] == [True]
    assert [line for line in commands if "run: python" in line or "python3 " in line] == []


def test_an_installation_is_made_once_and_found_again(checkout):
    first = install(checkout)
    assert first[0].startswith("Installing 1 pinned packages into .venv")
    assert first[1:] == ["  packages 1 to 1 of 1"]
    assert install(checkout) == []

    look = "import bowl, common; print(common.__path__[0])"
    printed = run(checkout, checkout / ".venv/bin/python", "-P", "-c", look)
    assert printed.stdout.strip() == str(checkout / "common/common"), printed.stderr
    for variable in ("AWS_LAMBDA_FUNCTION_NAME", "SERVICE_ALONE"):
        alone = run(checkout, checkout / ".venv/bin/python", "-P", "-c", look, **{variable: "1"})
        assert "No module named 'common'" in alone.stderr


@pytest.mark.parametrize(("command", "module"), [("shop", "cli"), ("chalice", "chalice_command")])
def test_the_commands_follow_the_folder_elsewhere(checkout, tmp_path, command, module):
    install(checkout)
    moved = checkout.rename(tmp_path / "moved")
    text = "def main():\n    print('it runs')\n\nif __name__ == '__main__': main()\n"
    (moved / f"common/devcloud/{module}.py").write_text(text)

    assert run(tmp_path, moved / ".venv/bin" / command).stdout == "it runs\n"


def test_a_broken_off_installation_starts_again(checkout):
    install(checkout)
    (checkout / ".venv/installed").unlink()
    shutil.rmtree(next(checkout.glob(".venv/lib/python*/site-packages/pip")))

    assert install(checkout)[0].startswith("The last installation into .venv was not finished")
    assert run(checkout, ".venv/bin/python", "-c", "import bowl").returncode == 0


def test_another_python_replaces_the_venv_only_when_asked(checkout):
    others = pythons.others()
    if not others:
        pytest.skip("this machine has one supported Python")
    version, python = others.popitem()
    install(checkout)

    assert install(checkout, python=python) == []
    output = install(checkout, "--rebuild", python=python)
    assert output[0] == f".venv was made by Python {OWN}: rebuilding it."
    assert f"Python {version}." in run(checkout, ".venv/bin/python", "-V").stdout


def test_a_new_pin_is_installed_into_the_same_venv(checkout):
    install(checkout)
    pins = checkout / "requirements-dev.txt"
    pins.write_text(pins.read_text() + "\n# one more line\nbowl==1.0\n")

    assert install(checkout)[0].startswith("Installing 2 pinned packages")


def test_two_installations_at_once_are_one(checkout):
    command = [str(BASE), "-I", SCRIPT]
    both = [
        subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) for _ in "12"
    ]
    output = sorted(process.communicate()[0].splitlines()[0] for process in both)

    assert [process.returncode for process in both] == [0, 0]
    assert [line.split()[0] for line in output] == ["Another", "Installing"]


def test_a_python_without_venv_names_the_missing_package(checkout):
    hidden = f"import runpy, sys; sys.modules['ensurepip'] = None; sys.argv = ['{SCRIPT}']"
    done = run(checkout, BASE, "-c", f"{hidden}; runpy.run_path('{SCRIPT}', run_name='__main__')")

    package = f"python{OWN.rpartition('.')[0]}-venv"
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.strip().endswith(f"sudo apt install {package}")


def test_a_missing_network_is_told_in_a_sentence(checkout):
    (checkout / "requirements-dev.txt").write_text("bowl==2.0\n")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    done = run(checkout, BASE, "-I", SCRIPT, PIP_CONFIG_FILE="/dev/null", **nowhere)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("The package index cannot be reached (")


def test_a_pin_that_does_not_exist_is_named(checkout):
    (checkout / "requirements-dev.txt").write_text(
        "bowl @ file:///nowhere/bowl-1.0-py3-none-any.whl\n"
    )
    done = run(checkout, BASE, "-I", SCRIPT)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "/nowhere/bowl" in done.stderr
