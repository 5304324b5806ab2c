"""Build and deploy services, on this machine and on AWS."""

from pathlib import Path
from typing import Annotated

import typer

from common.roles import Role
from delivery import account_tasks, deploy, packaging, paths, smoke
from delivery import release as service_release
from delivery.clouds import Cloud
from devcloud import deploy_role, shop, terminal
from devcloud.commands.options import (
    DEFAULT_DIRECTORY,
    Directory,
    Service,
    Stage,
    StageName,
    cloud_of,
    display_path,
    progress,
    running,
)


def package(
    service: Service,
    stage: Stage = StageName.DEV,
    out: Annotated[Path | None, typer.Option(help="The folder for both files.")] = None,
) -> None:
    """Build a service's zip and template."""
    folder = out or paths.ROOT / "build" / f"{service}-{stage}"
    wheels = paths.ROOT / "build" / "wheels"
    template = packaging.package(paths.service(service), stage, folder, wheels)
    archive = template.with_name(packaging.ZIP)
    terminal.print_line(f"{display_path(template)} and {display_path(archive)}")


def deploy_service(
    service: Service, stage: Stage, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """Deploy a service to the running shop, or to the AWS account of the credentials."""
    paths.service(service)
    if stage is StageName.LOCAL:
        shop.start(directory, running(directory).port, outlives_caller=True, say=progress())
    else:
        deploy.deploy(Cloud(), [service], stage, paths.ROOT / "build", progress())
    terminal.print_line(f"{service} is deployed to {stage}.")


def release(
    service: Service,
    stage: Stage,
    endpoint: Annotated[str | None, typer.Option(help="A local AWS that is no whole shop.")] = None,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Deploy a service, smoke-test it, and roll back if it fails."""
    paths.service(service)
    cloud, build, environment = Cloud(endpoint), paths.ROOT / "build", None
    if endpoint:
        cloud = deploy_role.assume(cloud, service, stage)
    if stage is StageName.LOCAL and not endpoint:
        local_shop = running(directory)
        cloud, build = local_shop.cloud, local_shop.directory / shop.BUILDS
        environment = shop.environment(local_shop)
    service_release.release(cloud, service, stage, build, progress(), environment)
    terminal.print_line(f"{service} is released to {stage}.")


def smoke_test(service: Service, stage: Stage, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Smoke-test a deployed service, read-only."""
    paths.service(service)
    count = smoke.test(cloud_of(stage, directory), service, stage)
    terminal.print_line(f"{service} on {stage} answers: {count} smoke tests passed.")


def grant_role(
    email: Annotated[str, typer.Argument(help="The address of an account.")],
    role: Annotated[Role, typer.Option(help="The role that it gets.")] = Role.ADMIN,
    stage: Stage = StageName.LOCAL,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Give an account a role. It gets the role's scopes."""
    cloud = cloud_of(stage, directory)
    granted_by = str(cloud.client("sts").get_caller_identity()["Arn"])
    user_id = account_tasks.grant_role(cloud, email, role, granted_by, stage)
    terminal.print_line(f"{user_id} is {role} on {stage}, from the next login or refresh on.")


def rotate_keys(
    stage: Stage = StageName.LOCAL,
    revoke_old: Annotated[
        bool, typer.Option("--revoke-old", help="End all sessions, after a leak.")
    ] = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Sign access tokens with a new key. Sessions stay valid unless --revoke-old."""
    kid = account_tasks.rotate_keys(cloud_of(stage, directory), stage, revoke_old)
    terminal.print_line(f"Access tokens on {stage} are signed with the key {kid} from now on.")
