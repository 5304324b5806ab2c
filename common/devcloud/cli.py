"""Define the shop's command line: its commands, and how failures are reported."""

import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from delivery import (
    chalice_settings,
    gateway_keys,
    lambda_invoke,
    packaging,
    paths,
    routes,
    smoke,
    stacks,
    stage_settings,
    wheels,
)
from devcloud import (
    bootstrap,
    dead_letters,
    demo_purchase,
    machine,
    order_timeline,
    processes,
    reconcile,
    seed,
    sent_mail,
    shop,
)
from devcloud.commands import deployment, inspection, lifecycle, operations, options

_GROUPS: dict[str, dict[str, Callable[..., None]]] = {
    "Run the shop on this machine": {
        "up": lifecycle.up,
        "down": lifecycle.down,
        "status": lifecycle.show_status,
    },
    "See what happens": {
        "orders": inspection.list_orders,
        "mail": inspection.show_mail,
        "logs": inspection.show_logs,
        "trace": inspection.trace,
    },
    "Work on a service": {
        "token": operations.token,
        "local": operations.serve_local,
        "invoke": operations.invoke,
        "bounce": operations.bounce_mail,
        "seed": operations.load_products,
    },
    "Find and mend what went wrong": {
        "redrive": inspection.redrive,
        "reconcile": inspection.check_consistency,
    },
    "Deploy, here or to AWS": {
        "package": deployment.package,
        "deploy": deployment.deploy_service,
        "release": deployment.release,
        "smoke": deployment.smoke_test,
        "admin": deployment.grant_admin,
        "rotate-keys": deployment.rotate_keys,
    },
}

# Failures that are no defect of this program: one sentence, without a traceback.
_EXPECTED = (
    bootstrap.BootstrapFailed,
    chalice_settings.SettingsStale,
    dead_letters.UnknownQueue,
    demo_purchase.PurchaseFailed,
    gateway_keys.KeysMissing,
    lambda_invoke.EventUnreadable,
    lambda_invoke.FunctionRaised,
    lambda_invoke.FunctionUnknown,
    operations.RowsNotLoaded,
    options.NotRunning,
    order_timeline.OrderUnknown,
    packaging.PackagingFailed,
    packaging.WrongPython,
    paths.UnknownService,
    processes.PortTaken,
    processes.ProcessFailed,
    reconcile.BooksNotRead,
    routes.PathTaken,
    seed.CatalogueUnreadable,
    sent_mail.MailUnknown,
    shop.Busy,
    shop.RunsElsewhere,
    shop.StateNotSaved,
    smoke.SmokeFailed,
    stacks.StackFailed,
    stage_settings.StageSettingWrong,
    wheels.WheelMissing,
    BotoCoreError,
    ClientError,
    OSError,
)
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 if it failed, 2 for bad usage, 130 if interrupted."""
    machine.prepare()
    # SIGTERM acts like Ctrl-C: `up` then stops what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = _application()(arguments, prog_name="shop", standalone_mode=False)
    except typer.TyperException as exc:
        print(_usage_error(exc), file=sys.stderr)
        return exc.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    except inspection.DiscrepanciesFound:
        return 1  # they are printed
    except _EXPECTED as exc:
        print(exc, file=sys.stderr)
        return 1
    return result if isinstance(result, int) else 0


def _usage_error(exc: typer.TyperException) -> str:
    """Return one sentence about what was wrong with the arguments."""
    context = getattr(exc, "ctx", None)
    command = context.command_path if context else "shop"
    message = exc.format_message().replace("Value error, ", "").rstrip(".")
    return f"{message or 'A command is missing'}; see `{command} --help`."


def _application() -> Any:
    application = typer.Typer(
        name="shop",
        help="The shop on this machine, and its way to AWS.",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for group, commands in _GROUPS.items():
        for name, command in commands.items():
            application.command(name, rich_help_panel=group)(command)
    return application
