"""The command line of the local cloud: which commands there are, and what each may be given."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from delivery import gateway_keys, lambda_invoke, packaging, paths, routes, smoke, stacks, wheels
from devcloud import bootstrap, commands, dead_letters, machine, order_timeline, processes, shop
from devcloud import demo_purchase as buying
from devcloud import reconcile as books
from devcloud import seed as catalogues

_OLDEST = (3, 11)

# What may go wrong without being a defect of this program: told in one sentence, without a traceback.
_EXPECTED = (
    bootstrap.BootstrapFailed,
    commands.NotRunning,
    commands.RowsNotLoaded,
    dead_letters.UnknownQueue,
    gateway_keys.KeysMissing,
    lambda_invoke.EventUnreadable,
    lambda_invoke.FunctionRaised,
    lambda_invoke.FunctionUnknown,
    packaging.PackagingFailed,
    paths.UnknownService,
    processes.PortTaken,
    processes.ProcessFailed,
    books.BooksNotRead,
    buying.PurchaseFailed,
    routes.PathTaken,
    catalogues.CatalogueUnreadable,
    shop.Busy,
    shop.RunsElsewhere,
    shop.StateNotSaved,
    smoke.SmokeFailed,
    stacks.StackFailed,
    order_timeline.OrderUnknown,
    wheels.WheelMissing,
    BotoCoreError,
    ClientError,
    OSError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 if it failed, 2 if it was not understood."""
    if sys.version_info < _OLDEST:
        print(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: 3.11 or newer is needed."
        )
        return 1
    machine.prepare()
    given = _parser().parse_args(arguments)
    # Being ended is being interrupted: `up` then stops what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        given.run(given)
    except _EXPECTED as failure:
        print(failure, file=sys.stderr)
        return 1
    except books.BooksDisagree:
        return 1  # all is said
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="devcloud", description="The shop on this machine.")
    choices = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], None], directory: bool = True
    ) -> argparse.ArgumentParser:
        command = choices.add_parser(name, help=(run.__doc__ or "").splitlines()[0])
        command.set_defaults(run=run)
        if directory:
            command.add_argument(
                "--dir", type=Path, default=Path(".local"), help="where the shop keeps its state"
            )
        return command

    start = add("up", commands.up)
    start.add_argument(
        "--port",
        type=processes.port_number,
        default=shop.DEFAULT_PORT,
        help="and the three after it",
    )
    start.add_argument(
        "--no-purchase", action="store_true", help="leave out the purchase that shows it works"
    )
    add("down", commands.down)
    add("status", commands.status)
    log = add("logs", commands.show_logs)
    log.add_argument("service")
    log.add_argument("--follow", action="store_true")
    back = add("redrive", commands.redrive)
    back.add_argument("queue", nargs="?")
    back.add_argument("--dry-run", action="store_true", help="move nothing, show the letters")
    check = add("reconcile", commands.reconcile)
    check.add_argument(
        "--day", type=_day, help="of the orders (UTC), such as 2026-11-22; today if not named"
    )
    check.add_argument(
        "--settle", type=_seconds, help="seconds that everything has to come to rest; 3600"
    )
    check.add_argument("--full-stock", action="store_true", help="add up all stock, too")
    check.add_argument(
        "--repair", action="store_true", help="have repaired what can be without harm"
    )
    build = add("package", commands.package, directory=False)
    build.add_argument("service")
    build.add_argument("--stage", default="dev", choices=["local", "dev", "prod"])
    build.add_argument("--out", type=Path)
    out = add("deploy", commands.deploy_one)
    out.add_argument("service")
    out.add_argument("--stage", required=True, choices=["local", "dev", "prod"])
    rolled = add("release", commands.release)
    rolled.add_argument("service")
    rolled.add_argument("--stage", required=True, choices=["local", "dev", "prod"])
    rolled.add_argument("--endpoint", help="a local cloud that is no whole shop")
    tried = add("smoke", commands.try_out)
    tried.add_argument("service")
    tried.add_argument("--stage", required=True, choices=["local", "dev", "prod"])
    promotion = add("admin", commands.admin)
    promotion.add_argument("email")
    promotion.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    rotation = add("rotate-keys", commands.rotate_keys)
    rotation.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    rotation.add_argument("--revoke-old", action="store_true", help="have everybody log in again")
    add("token", commands.token).add_argument("role", choices=["admin", "customer"])
    call = add("invoke", commands.invoke)
    call.add_argument("service")
    call.add_argument("function")
    call.add_argument(
        "event", nargs="?", help="a file with JSON, or - for standard input; {} if not named"
    )
    call.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    told = add("trace", commands.tell)
    told.add_argument("order")
    told.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    add("seed", commands.seed).add_argument("file", type=Path)
    return parser


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-11-22")


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return int(text)
