"""The commands: `python -m localcloud up`, and the others that `make` calls."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from localcloud import (
    bootstrap,
    dead_letters,
    deploy,
    gateway_keys,
    invoking,
    logs,
    packaging,
    paths,
    processes,
    rollout,
    routes,
    settings,
    shop,
    smoke,
    stacks,
    trace,
    wheels,
)
from localcloud import purchase as buying
from localcloud import reconcile as books
from localcloud import seed as catalogues
from localcloud.clouds import Cloud

_TAIL = 200
_OLDEST = (3, 11)

# What may go wrong without being a defect of this program: told in one sentence, without a traceback.
_EXPECTED = (
    bootstrap.BootstrapFailed,
    dead_letters.UnknownQueue,
    gateway_keys.KeysMissing,
    invoking.EventUnreadable,
    invoking.FunctionRaised,
    invoking.FunctionUnknown,
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
    smoke.SmokeFailed,
    stacks.StackFailed,
    trace.OrderUnknown,
    wheels.WheelMissing,
    BotoCoreError,
    ClientError,
    OSError,
)


class NotRunning(RuntimeError):
    """A command needs a running shop."""


class RowsNotLoaded(RuntimeError):
    """Some rows of a catalogue are wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 if it failed, 2 if it was not understood."""
    if sys.version_info < _OLDEST:
        print(f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: 3.11 or newer is needed.")
        return 1
    given = _parser().parse_args(arguments)
    # Being ended is being interrupted: `up` then stops what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        given.run(given)
    except (*_EXPECTED, NotRunning, RowsNotLoaded) as failure:
        print(failure, file=sys.stderr)
        return 1
    except books.BooksDisagree:
        return 1  # all is said
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def up(given: argparse.Namespace) -> None:
    """Start the shop, or bring a running one up to date."""
    say = _clock()
    found = shop.start(given.dir, given.port, purchase=not given.no_purchase, say=say)
    say("the shop is open")
    print(f"""
  Shop     {found.url}
  AWS      {found.aws_endpoint}   (sent mail: {found.aws_endpoint}/_ministack/ses/messages)
  Stripe   {found.stripe_url}
  Razorpay {found.razorpay_url}
  Admin    {found.admin_email}, password in {_short(given.dir / "shop.json")}
  Logs     make logs SERVICE=cart-service
  Stop     make down""")


def down(given: argparse.Namespace) -> None:
    """Stop the shop; its data stays."""
    if not given.dir.is_dir():
        print(f"There is no shop in {given.dir}.")
        return
    stopped = shop.stop(given.dir)
    print(f"Stopped: {', '.join(stopped)}." if stopped else "The shop was not running.")


def status(given: argparse.Namespace) -> None:
    """Say what is running, and where."""
    for process in shop.processes(given.dir):
        print(f"{process.name:<12}{f'running, process {process.pid}' if process.pid else 'not running'}")
    found = _running(given.dir)
    print(
        f"Shop {found.url}, AWS {found.aws_endpoint}, Stripe {found.stripe_url}, Razorpay {found.razorpay_url}"
    )


def show_logs(given: argparse.Namespace) -> None:
    """Print a service's log, or go on printing it."""
    paths.service(given.service)
    cloud = _running(given.dir).cloud
    for _, line in logs.lines(cloud, given.service)[-_TAIL:]:
        print(line)
    if given.follow:
        for line in logs.follow(cloud, given.service):
            print(line, flush=True)


def redrive(given: argparse.Namespace) -> None:
    """Bring dead letters back, or list them; with --dry-run show those that would be brought back."""
    cloud = _running(given.dir).cloud
    if given.queue and given.dry_run:
        letters = dead_letters.look(cloud, given.queue)
        for letter in letters:
            print(letter)
        print(f"{len(letters)} dead letters would be moved back to {given.queue}.")
        return
    if given.queue:
        print(f"{dead_letters.redrive(cloud, given.queue)} dead letters moved back to {given.queue}.")
        return
    for queue, count in sorted(dead_letters.waiting(cloud).items()):
        print(f"{count:>6}  {queue}")


def reconcile(given: argparse.Namespace) -> None:
    """Hold the books of all sides against each other: orders, payments, gateways, stock, and who was told."""
    day = given.day or datetime.now(UTC).date().isoformat()
    rest = {} if given.settle is None else {"settle": given.settle}
    verdict = books.run(_running(given.dir).cloud, day=day, repair=given.repair, whole=given.whole, **rest)
    for line in verdict.lines():
        print(line)
    print(verdict)
    if verdict.findings:
        raise books.BooksDisagree


def package(given: argparse.Namespace) -> None:
    """Build a service's zip and template."""
    out = given.out or paths.ROOT / "build" / f"{given.service}-{given.stage}"
    template = packaging.package(
        paths.service(given.service), given.stage, out, paths.ROOT / "build" / "wheels"
    )
    print(f"{_short(template)} and {_short(template.with_name(packaging.ZIP))}")


def deploy_one(given: argparse.Namespace) -> None:
    """Deploy one service: to the running local shop, or to the AWS account of the environment's credentials."""
    paths.service(given.service)
    if given.stage == "local":
        found = _running(given.dir)
        shop.start(given.dir, found.port, say=_clock())
    else:
        deploy.deploy(Cloud(), [given.service], given.stage, paths.ROOT / "build", _clock())
    print(f"{given.service} is deployed to {given.stage}.")


def release(given: argparse.Namespace) -> None:
    """Deploy one service and try it; what ran before runs again if it does not answer."""
    paths.service(given.service)
    cloud, build, environment = Cloud(given.endpoint), paths.ROOT / "build", None
    if given.stage == "local" and not given.endpoint:
        found = _running(given.dir)
        cloud, build, environment = found.cloud, found.directory / shop.BUILDS, shop.environment(found)
    rollout.release(cloud, given.service, given.stage, build, _clock(), environment)
    print(f"{given.service} is released to {given.stage}.")


def try_out(given: argparse.Namespace) -> None:
    """Try whether a deployed service answers; changes nothing."""
    paths.service(given.service)
    count = smoke.test(_cloud(given), given.service, given.stage)
    print(f"{given.service} on {given.stage} answers: {count} smoke tests passed.")


def admin(given: argparse.Namespace) -> None:
    """Make somebody an admin who has an account."""
    cloud = _cloud(given)
    who = str(cloud.client("sts").get_caller_identity()["Arn"])
    user_id = bootstrap.grant_admin(cloud, given.email, who, given.stage)
    print(f"{user_id} is an admin on {given.stage}, from the next login or refresh on.")


def rotate_keys(given: argparse.Namespace) -> None:
    """Sign access tokens with a new key; nobody is logged out, unless --revoke-old."""
    kid = bootstrap.rotate_keys(_cloud(given), given.stage, given.revoke_old)
    print(f"Access tokens on {given.stage} are signed with the key {kid} from now on.")


def token(given: argparse.Namespace) -> None:
    """Print an access token of the local shop's admin, or of its customer to try things with."""
    found = _running(given.dir)
    if given.role == "admin":
        print(shop.token(found))
    else:
        print(bootstrap.customer_token(found.url, settings.of(given.dir).customer_password))


def invoke(given: argparse.Namespace) -> None:
    """Call a Lambda that has no route."""
    event = invoking.event_in(given.event) if given.event else {}
    answer = invoking.invoke(_cloud(given), given.service, given.function, event, given.stage)
    print(json.dumps(answer, indent=1))


def tell(given: argparse.Namespace) -> None:
    """Tell one order's whole story as a timeline."""
    for line in trace.story(_cloud(given), given.order).lines():
        print(line)


def seed(given: argparse.Namespace) -> None:
    """Load products from a CSV file."""
    if not given.file.is_file():
        raise FileNotFoundError(f"There is no file {given.file}.")
    found = _running(given.dir)
    report = catalogues.load(found.url, shop.token(found), given.file, _clock())
    if report.problems:
        raise RowsNotLoaded(f"{len(report.problems)} rows of {given.file} were not loaded; the others were.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description="The shop on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], None], directory: bool = True
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=(run.__doc__ or "").splitlines()[0])
        command.set_defaults(run=run)
        if directory:
            command.add_argument(
                "--dir", type=Path, default=Path(".local"), help="where the shop keeps its state"
            )
        return command

    start = add("up", up)
    start.add_argument(
        "--port", type=processes.port_number, default=shop.DEFAULT_PORT, help="and the three after it"
    )
    start.add_argument(
        "--no-purchase", action="store_true", help="leave out the purchase that shows it works"
    )
    add("down", down)
    add("status", status)
    log = add("logs", show_logs)
    log.add_argument("service")
    log.add_argument("--follow", action="store_true")
    back = add("redrive", redrive)
    back.add_argument("queue", nargs="?")
    back.add_argument("--dry-run", action="store_true", help="move nothing, show the letters")
    check = add("reconcile", reconcile)
    check.add_argument("--day", type=_day, help="of the orders (UTC), such as 2026-11-22; today if not named")
    check.add_argument("--settle", type=_seconds, help="seconds that everything has to come to rest; 3600")
    check.add_argument("--whole", action="store_true", help="add up all stock of the shop, too")
    check.add_argument("--repair", action="store_true", help="have repaired what can be without harm")
    build = add("package", package, directory=False)
    build.add_argument("service")
    build.add_argument("--stage", default="dev", choices=["local", "dev", "prod"])
    build.add_argument("--out", type=Path)
    out = add("deploy", deploy_one)
    out.add_argument("service")
    out.add_argument("--stage", required=True, choices=["local", "dev", "prod"])
    rolled = add("release", release)
    rolled.add_argument("service")
    rolled.add_argument("--stage", required=True, choices=["local", "dev", "prod"])
    rolled.add_argument("--endpoint", help="a local cloud that is no whole shop")
    tried = add("smoke", try_out)
    tried.add_argument("service")
    tried.add_argument("--stage", required=True, choices=["local", "dev", "prod"])
    promotion = add("admin", admin)
    promotion.add_argument("email")
    promotion.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    rotation = add("rotate-keys", rotate_keys)
    rotation.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    rotation.add_argument("--revoke-old", action="store_true", help="have everybody log in again")
    add("token", token).add_argument("role", choices=["admin", "customer"])
    call = add("invoke", invoke)
    call.add_argument("service")
    call.add_argument("function")
    call.add_argument("event", nargs="?", help="a file with JSON, or - for standard input; {} if not named")
    call.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    told = add("trace", tell)
    told.add_argument("order")
    told.add_argument("--stage", default="local", choices=["local", "dev", "prod"])
    add("seed", seed).add_argument("file", type=Path)
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


def _cloud(given: argparse.Namespace) -> Cloud:
    """The running local shop's, or the AWS account of the environment's credentials."""
    return _running(given.dir).cloud if given.stage == "local" else Cloud()


def _running(directory: Path) -> shop.Shop:
    found = shop.running(directory)
    if found is None:
        raise NotRunning(f"No shop is running in {directory}. Start it with `make up`.")
    return found


def _clock() -> shop.Say:
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", flush=True)

    return say


def _short(path: Path) -> str:
    return os.path.relpath(path)
