"""Imports moto's CloudFormation without the services that no template of the shop has anything of.

It asks for the models of thirty services to know their resource types. EC2's instance types and regions and API Gateway's
validator alone are a third of the time that one test takes. Whoever needs a left out service itself still gets it.
"""

import sys
from collections.abc import Iterable
from types import ModuleType

_LEFT_OUT = (
    *("apigateway", "autoscaling", "batch", "datapipeline", "ec2", "ecs", "efs", "elb", "elbv2"),
    *("emr", "iot", "rds", "redshift", "route53", "sagemaker"),
)


def load(resource_types: Iterable[str]) -> None:
    """Import it. Idempotent. Raises: ValueError when a template has a resource of a service that is left out."""
    if unknown := sorted(
        name for name in resource_types if name.split("::")[1].lower() in _LEFT_OUT
    ):
        raise ValueError(
            f"{unknown[0]} cannot be deployed here: testkit.moto_cloudformation leaves its service out"
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
    setattr(package, "models", models)  # noqa: B010  a module's attributes have no types
    setattr(package, "ec2_backends", {})  # noqa: B010  SSM looks for the machines that it manages
    setattr(core, "TaggedEC2Resource", type("TaggedEC2Resource", (), {}))  # noqa: B010  CloudFormation tags these
    return {module.__name__: module for module in (package, models, core)}
