"""Copy the repository as it stands now, to break it or to try it on its own."""

import os
import shutil
import subprocess
from pathlib import Path

from delivery.paths import ROOT


def clone(to: Path) -> Path:
    """Copy what git knows of, or would, and nothing that is built."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        source, target = ROOT / name, to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
        elif source.exists():
            shutil.copy2(source, target)
    return to
