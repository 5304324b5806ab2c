"""No module has the name of one of the standard library.

Where its folder comes first, it would be loaded instead.
"""

import subprocess
import sys
from pathlib import Path

from delivery.paths import ROOT


def modules() -> set[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    files = {Path(name) for name in listed if name and (ROOT / name).is_file()}
    sources = {file for file in files if file.suffix == ".py"}
    return sources | {folder for file in sources for folder in file.parents if folder.name}


def test_no_module_shadows_the_standard_library():
    shadowing = {str(path) for path in modules() if path.stem in sys.stdlib_module_names}
    assert not shadowing
