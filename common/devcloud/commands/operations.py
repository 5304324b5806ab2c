"""Act on the running shop: tokens, products, Lambdas, a service from its source."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from delivery import lambda_invoke
from devcloud import bootstrap, dev_server, mail_failures, seed, settings, shop, terminal
from devcloud.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    Service,
    Stage,
    StageName,
    cloud_of,
    parse_port,
    progress,
    running,
)


class RowsNotLoaded(RuntimeError):
    """Some rows of a catalogue are wrong."""


class Role(StrEnum):
    """Whose token it is."""

    ADMIN = "admin"
    CUSTOMER = "customer"


def token(
    role: Annotated[Role, typer.Argument(help="Whose token.")] = Role.CUSTOMER,
    json: AsJson = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Print an access token of the shop's admin, or of a customer to try things with."""
    local_shop = running(directory)
    if role is Role.ADMIN:
        email, access_token = local_shop.admin_email, shop.token(local_shop)
    else:
        password = settings.of(directory).customer_password
        email = settings.CUSTOMER_EMAIL
        access_token = bootstrap.customer_token(local_shop.url, password)
    if json:
        terminal.print_json({"role": role.value, "email": email, "token": access_token})
    else:
        print(access_token)


def serve_local(
    service: Service,
    port: Annotated[int, typer.Option(parser=parse_port, help="Where it listens.")] = 8090,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Serve one service from its source against the running shop, with reload."""
    arguments = [service, "--dir", str(directory), "--port", str(port)]
    raise typer.Exit(dev_server.main(arguments))


def load_products(
    file: Annotated[Path, typer.Argument(help="A CSV file.")],
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Load products from a CSV file."""
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}.")
    local_shop = running(directory)
    report = seed.load(local_shop.url, lambda: shop.token(local_shop), file, progress())
    if report.problems:
        raise RowsNotLoaded(
            f"{len(report.problems)} rows of {file} were not loaded; the others were."
        )


def invoke(
    service: Service,
    function: Annotated[str, typer.Argument(help="A Lambda, such as clear-cart.")],
    event: Annotated[
        str | None, typer.Argument(help="A file with JSON, or - for standard input; {}.")
    ] = None,
    stage: Stage = StageName.LOCAL,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Call a Lambda that has no route, and print what it returns."""
    payload = lambda_invoke.read_event(event) if event else {}
    cloud = cloud_of(stage, directory)
    terminal.print_json(lambda_invoke.invoke(cloud, service, function, payload, stage))


def bounce_mail(
    email: Annotated[str, typer.Argument(help="The address that mail bounces from.")],
    is_complaint: Annotated[
        bool, typer.Option("--complaint", help="Its owner calls the mail spam instead.")
    ] = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Let a mail to somebody bounce: the shop then sends no more to the address."""
    mail_failures.publish_failure(running(directory).cloud, email, is_complaint)
    terminal.print_line(f"SES reports that a mail to {email} failed.")
