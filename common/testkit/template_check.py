"""Runs cfn-lint over every CloudFormation template, packaged ones included."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from delivery import packaging, wheels
from delivery.paths import ROOT, SERVICES

_STAGES = ("dev", "prod")
_WHEELS = ROOT / "build" / "wheels"
_WRITTEN = ("resources.yml", "state-machine.yml", "deploy-role.yml")


def main(named: Sequence[str] = ()) -> int:
    """Check the named services, or all. 1 if a template has a fault."""
    services = named or SERVICES
    written = [
        path
        for name in services
        for path in sorted((ROOT / name).glob("*.yml"))
        if path.name in _WRITTEN
    ]
    written += [] if named else [ROOT / "common" / "delivery" / "github.yml"]
    try:
        _gather_wheels(services)
        with ThreadPoolExecutor(2) as pool:
            packaged = list(pool.map(_packaged, *zip(*product(services, _STAGES), strict=True)))
    except (packaging.PackagingFailed, wheels.WheelMissing) as failure:
        print(failure)
        return 1
    return lint(written + packaged)


def lint(templates: list[Path]) -> int:
    """Run cfn-lint and print its findings. Return its status."""
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    command = [str(cfn_lint), "--ignore-checks", "W", "--template", *map(str, templates)]
    status = subprocess.run(command, cwd=ROOT).returncode
    if status == 0:
        print(f"{len(templates)} templates are in order")
    return 1 if status else 0


def _gather_wheels(named: Sequence[str]) -> None:
    services = [ROOT / name for name in named]
    for architecture in {packaging.target_architecture(*one) for one in product(services, _STAGES)}:
        wheels.gather(services, architecture, _WHEELS)


def _packaged(name: str, stage: str) -> Path:
    return packaging.package(ROOT / name, stage, ROOT / "build" / f"{name}-{stage}", _WHEELS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
