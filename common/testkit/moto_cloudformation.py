"""Import moto's CloudFormation without the services that the shop does not use.

moto imports the models of thirty services to learn their resource types. EC2's instance types and
regions and API Gateway's validator alone took a third of the time of one test. The modules that
are left out can still be imported afterwards.
"""

import sys
from collections.abc import Iterable
from types import ModuleType

_LEFT_OUT = (
    *("apigateway", "autoscaling", "batch", "datapipeline", "ec2", "ecs", "efs", "elb", "elbv2"),
    *("emr", "iot", "rds", "redshift", "route53", "sagemaker"),
)


def load(resource_types: Iterable[str]) -> None:
    """Import moto's CloudFormation for templates with these resource types.

    Idempotent.
    Raises: ValueError when a resource type belongs to a service that is left out.
    """
    if unknown := sorted(
        name for name in resource_types if name.split("::")[1].lower() in _LEFT_OUT
    ):
        raise ValueError(
            f"{unknown[0]} cannot be deployed here:"
            " testkit.moto_cloudformation leaves its service out"
        )
    if "moto.cloudformation.parsing" in sys.modules:
        return
    empty = {name: module for service in _LEFT_OUT for name, module in _empty(service).items()}
    new = {name: module for name, module in empty.items() if name not in sys.modules}
    sys.modules.update(new)
    try:
        import moto.cloudformation.parsing  # noqa: F401
    finally:
        for name in new:
            del sys.modules[name]


def _empty(service: str) -> dict[str, ModuleType]:
    package, models, core = (
        ModuleType(f"moto.{service}{rest}") for rest in ("", ".models", ".models.core")
    )
    setattr(package, "models", models)  # noqa: B010
    setattr(package, "ec2_backends", {})  # noqa: B010  for SSM
    setattr(core, "TaggedEC2Resource", type("TaggedEC2Resource", (), {}))  # noqa: B010  tagged
    return {module.__name__: module for module in (package, models, core)}
