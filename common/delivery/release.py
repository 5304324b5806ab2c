"""`make release`: a service's new code goes out, is smoke-tested, and is taken back if it does not answer.

On `prod` CloudFormation is done when CodeDeploy is: all of its calls have moved to the new version without an alarm (delivery.canary).
What CloudFormation gives up it takes back itself. Data stays as it is deployed: what is added to it does no harm to the code before.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from delivery import deploy, smoke, stacks
from delivery.clouds import Cloud
from delivery.deploy import Say

_AT_ONCE = "AllAtOnce"  # going back does not wait for alarms

Templates = Mapping[str, str | None]


def release(
    cloud: Cloud,
    service: str,
    stage: str,
    build: Path,
    say: Say,
    environment: deploy.Environment | None = None,
) -> None:
    """Deploy the service and try it; what ran before runs again if either fails. Raises what deploy() and smoke.test() do."""
    before = {name: stacks.template(cloud, name) for name in _code_stacks(service)}
    try:
        deploy.deploy(cloud, [service], stage, build, say, environment)
        say(f"{service}: {smoke.test(cloud, service, stage)} smoke tests passed")
    except (stacks.StackFailed, smoke.SmokeFailed):
        say(f"{service}: {_taken_back(cloud, before)}")
        raise


def _code_stacks(service: str) -> Iterable[str]:
    return (deploy.STATE_MACHINE, service) if service == deploy.ORCHESTRATOR else (service,)


def _taken_back(cloud: Cloud, before: Templates) -> str:
    """Bring each stack to the template that it had, and say what came of it."""
    known = {name: template for name, template in before.items() if template}
    if not known:
        return "nothing ran before that could run again"
    changed = [name for name, template in known.items() if stacks.template(cloud, name) != template]
    for name in changed:
        stacks.deploy(cloud, name, at_once(known[name]))
    return f"taken back: {', '.join(changed)}" if changed else "what ran before still runs"


def at_once(template: str) -> str:
    """The same release without its gradual shift."""
    try:
        document = json.loads(template)
    except ValueError:
        return template  # YAML: the state machine, which has no versions
    for resource in document["Resources"].values():
        if preference := resource.get("Properties", {}).get("DeploymentPreference"):
            preference["Type"] = _AT_ONCE
    return json.dumps(document)
