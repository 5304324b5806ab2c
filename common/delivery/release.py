"""Release a service: deploy, smoke test, roll back if either fails.

On `prod` CloudFormation succeeds once CodeDeploy has shifted all calls without an alarm
(delivery.canary). CloudFormation rolls its own failures back. Data stacks are not rolled back,
because additions do not harm older code.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from delivery import deploy, smoke, stacks
from delivery.clouds import Cloud
from delivery.deploy import Say

_AT_ONCE = "AllAtOnce"  # a roll-back does not wait for alarms

Templates = Mapping[str, str | None]


def release(
    cloud: Cloud,
    service: str,
    stage: str,
    build: Path,
    say: Say,
    environment: deploy.Environment | None = None,
) -> None:
    """Deploy the service and smoke-test it. Roll back if either fails.

    Raises: what deploy() and smoke.test() raise.
    """
    before = {name: stacks.template(cloud, name) for name in _code_stacks(service)}
    try:
        deploy.deploy(cloud, [service], stage, build, say, environment)
        say(f"{service}: {smoke.test(cloud, service, stage)} smoke tests passed")
    except (stacks.StackFailed, smoke.SmokeFailed):
        result = _roll_back(cloud, before)
        say(f"{service}: {result}")
        raise


def _code_stacks(service: str) -> Iterable[str]:
    return (deploy.STATE_MACHINE, service) if service == deploy.ORCHESTRATOR else (service,)


def _roll_back(cloud: Cloud, before: Templates) -> str:
    """Roll each stack back to its previous template, and return what happened."""
    known = {name: template for name, template in before.items() if template}
    if not known:
        return "there is no earlier version to roll back to"
    changed = [name for name, template in known.items() if stacks.template(cloud, name) != template]
    for name in changed:
        stacks.deploy(cloud, name, without_canary(known[name]))
    return (
        f"rolled back: {', '.join(changed)}" if changed else "the earlier version is still deployed"
    )


def without_canary(template: str) -> str:
    """Return the template without its gradual shift."""
    try:
        document = json.loads(template)
    except ValueError:
        return template  # YAML: the state machine, which has no versions
    for resource in document["Resources"].values():
        if preference := resource.get("Properties", {}).get("DeploymentPreference"):
            preference["Type"] = _AT_ONCE
    return json.dumps(document)
