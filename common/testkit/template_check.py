"""Checks every CloudFormation template without an account, packaged ones included.

cfn-lint reads them for three regions, SAM's translator translates the packaged ones, and the
policies that result are compared with IAM's service authorization tables.
"""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from delivery import cfn, packaging, wheels
from delivery.paths import ROOT, SERVICES
from testkit import policy_check

_STAGES = ("dev", "prod")
# The largest, one of Europe, and one that has neither every service nor every feature.
_REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2")
_WHEELS = ROOT / "build" / "wheels"
_DEPLOY_ROLE = "deploy-role.yml"
_OF_AN_ACCOUNT = ("domain.yml", "github.yml")
_WRITTEN = ("resources.yml", "state-machine.yml", _DEPLOY_ROLE)


def main(named: Sequence[str] = ()) -> int:
    """Check the named services, or all. 1 if a template has a fault."""
    services = named or SERVICES
    written = [
        path
        for name in services
        for path in sorted((ROOT / name).glob("*.yml"))
        if path.name in _WRITTEN
    ]
    written += [] if named else [ROOT / "common" / "delivery" / name for name in _OF_AN_ACCOUNT]
    try:
        _gather_wheels(services)
        with ThreadPoolExecutor(2) as pool:
            packaged = list(pool.map(_packaged, *zip(*product(services, _STAGES), strict=True)))
    except (packaging.PackagingFailed, wheels.WheelMissing) as failure:
        print(failure)
        return 1
    return lint(written + packaged) or check_policies(written + packaged)


def lint(templates: list[Path]) -> int:
    """Run cfn-lint and print its findings. Return its status."""
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    command = [str(cfn_lint), "--regions", *_REGIONS, "--ignore-checks", "W"]
    command += ["--template", *map(str, templates)]
    status = subprocess.run(command, cwd=ROOT).returncode
    if status == 0:
        print(f"{len(templates)} templates are in order in {', '.join(_REGIONS)}")
    return 1 if status else 0


def check_policies(templates: list[Path]) -> int:
    """Check the templates' policies and print the faults. 1 if there is one."""
    # tests/access/test_deploy_roles.py checks what each deploy role allows, action by action.
    checked = [path for path in templates if path.name != _DEPLOY_ROLE]
    faults = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path in checked
        for fault in policy_check.find_faults(cfn.read(path), _REGIONS[0])
    ]
    print("\n".join(faults) or f"the policies of {len(checked)} templates are in order")
    return 1 if faults else 0


def _gather_wheels(named: Sequence[str]) -> None:
    services = [ROOT / name for name in named]
    for architecture in {packaging.target_architecture(*one) for one in product(services, _STAGES)}:
        wheels.gather(services, architecture, _WHEELS)


def _packaged(name: str, stage: str) -> Path:
    return packaging.package(ROOT / name, stage, ROOT / "build" / f"{name}-{stage}", _WHEELS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
