"""What each command does: the verbs behind `python -m devcloud`, and thereby behind `make`."""

import argparse
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from delivery import deploy, lambda_invoke, packaging, paths, smoke
from delivery import release as releases
from delivery.clouds import Cloud
from devcloud import bootstrap, dead_letters, logs, order_timeline, settings, shop
from devcloud import reconcile as books
from devcloud import seed as catalogues

_TAIL = 200


class NotRunning(RuntimeError):
    """A command needs a running shop."""


class RowsNotLoaded(RuntimeError):
    """Some rows of a catalogue are wrong."""


def up(given: argparse.Namespace) -> None:
    """Start the shop, or bring a running one up to date."""
    say = _clock()
    found = shop.start(
        given.dir, given.port, purchase=not given.no_purchase, outlives_caller=True, say=say
    )
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
        print(
            f"{process.name:<12}{f'running, process {process.pid}' if process.pid else 'not running'}"
        )
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
        print(
            f"{dead_letters.redrive(cloud, given.queue)} dead letters moved back to {given.queue}."
        )
        return
    for queue, count in sorted(dead_letters.waiting(cloud).items()):
        print(f"{count:>6}  {queue}")


def reconcile(given: argparse.Namespace) -> None:
    """Hold the books of all sides against each other: orders, payments, gateways, stock, and who was told."""
    day = given.day or datetime.now(UTC).date().isoformat()
    rest = {} if given.settle is None else {"settle": given.settle}
    verdict = books.run(
        _running(given.dir).cloud, day=day, repair=given.repair, fullStock=given.full_stock, **rest
    )
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
        shop.start(given.dir, found.port, outlives_caller=True, say=_clock())
    else:
        deploy.deploy(Cloud(), [given.service], given.stage, paths.ROOT / "build", _clock())
    print(f"{given.service} is deployed to {given.stage}.")


def release(given: argparse.Namespace) -> None:
    """Deploy one service and try it; what ran before runs again if it does not answer."""
    paths.service(given.service)
    cloud, build, environment = Cloud(given.endpoint), paths.ROOT / "build", None
    if given.stage == "local" and not given.endpoint:
        found = _running(given.dir)
        cloud, build, environment = (
            found.cloud,
            found.directory / shop.BUILDS,
            shop.environment(found),
        )
    releases.release(cloud, given.service, given.stage, build, _clock(), environment)
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
    event = lambda_invoke.read_event(given.event) if given.event else {}
    answer = lambda_invoke.invoke(_cloud(given), given.service, given.function, event, given.stage)
    print(json.dumps(answer, indent=1))


def tell(given: argparse.Namespace) -> None:
    """Tell one order's whole story as a timeline."""
    for line in order_timeline.story(_cloud(given), given.order).lines():
        print(line)


def seed(given: argparse.Namespace) -> None:
    """Load products from a CSV file."""
    if not given.file.is_file():
        raise FileNotFoundError(f"There is no file {given.file}.")
    found = _running(given.dir)
    report = catalogues.load(found.url, shop.token(found), given.file, _clock())
    if report.problems:
        raise RowsNotLoaded(
            f"{len(report.problems)} rows of {given.file} were not loaded; the others were."
        )


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
