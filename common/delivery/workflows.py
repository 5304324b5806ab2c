"""Generates workflows, deploy roles and the template of the domain."""

from pathlib import Path

from delivery import deploy_roles, domain
from delivery.packaging import BUILT_BY
from delivery.paths import ROOT, SERVICES

FOLDER = ROOT / ".github" / "workflows"
# Besides the service's own folder: what is in its zip, what makes its zip, and what runs it.
_SHARED = (
    "common/common/**",
    *(f"common/delivery/{name}" for name in BUILT_BY),
    "common/delivery/stages.toml",
    "requirements-dev.txt",
    ".github/workflows/service.yml",
)
_CALLER = """\
# Made by `make workflows`; not edited by hand.
name: {service}
on:
  push:
    branches: [main]
    paths: &paths
{paths}
  pull_request:
    paths: *paths
  workflow_dispatch:
permissions: {{contents: read}}
jobs:
  pipeline:
    uses: ./.github/workflows/service.yml
    # At most this: the jobs that deploy ask for a token to show to AWS, the others do not.
    permissions: {{contents: read, id-token: write}}
    with: {{service: {service}}}
"""


def file_of(service: str) -> Path:
    """Return the path of a service's workflow."""
    return FOLDER / f"{service}.yml"


def caller(service: str) -> str:
    """Generate a service's workflow."""
    patterns = (f"{service}/**", *_SHARED, f".github/workflows/{service}.yml")
    return _CALLER.format(
        service=service, paths="\n".join(f'      - "{path}"' for path in patterns)
    )


def main() -> None:
    """Write all workflows and deploy roles, and the template of the domain."""
    for service in SERVICES:
        file_of(service).write_text(caller(service))
    deploy_roles.write()
    domain.write()


if __name__ == "__main__":
    main()
