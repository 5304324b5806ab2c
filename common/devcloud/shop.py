"""Start, deploy, fill and stop a whole shop on this machine."""

import fcntl
import json
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from delivery import deploy, routes
from delivery.clouds import Cloud
from delivery.paths import SERVICES
from devcloud import bootstrap, catalogue_loading, demo_purchase, settings
from devcloud.emulator import heartbeat, restoring
from devcloud.processes import Process, require_free

CATALOGUE = Path(__file__).with_name("catalogue.csv")
BUILDS = "build"
AWS = "aws"
DEFAULT_PORT = 8000

Say = Callable[[str], None]


class RunsElsewhere(RuntimeError):
    """The directory's shop is running on another port than the one asked for."""


class StateNotSaved(RuntimeError):
    """The shop is stopped, and its last state could not be saved."""


class Busy(RuntimeError):
    """Another command is starting or stopping the same shop."""


@dataclass(frozen=True)
class Shop:
    """Where a shop is, and who may run it."""

    directory: Path
    port: int
    admin_password: str = ""
    admin_email: str = settings.ADMIN_EMAIL

    @property
    def url(self) -> str:
        """The front door, the one address that customers need."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_endpoint(self) -> str:
        """The local AWS."""
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def stripe_url(self) -> str:
        """The fake of Stripe."""
        return f"http://127.0.0.1:{self.port + 2}"

    @property
    def razorpay_url(self) -> str:
        """The fake of Razorpay."""
        return f"http://127.0.0.1:{self.port + 3}"

    @property
    def cloud(self) -> Cloud:
        """The local AWS, to call."""
        return Cloud(self.aws_endpoint)

    def stop(self) -> None:
        """Stop it. Its data stays in the directory."""
        stop(self.directory)


def start(
    directory: Path,
    port: int = DEFAULT_PORT,
    *,
    sfn_wait_scale: float = 1.0,
    services: Sequence[str] = SERVICES,
    purchase: bool = False,
    catalogue: Path | None = CATALOGUE,
    faults: Path | None = None,
    outlives_caller: bool = False,
    say: Say = lambda line: None,
) -> Shop:
    """Start what is not running, deploy what has changed, and return the shop.

    Idempotent. On failure it stops what it started. A catalogue is loaded into a shop without
    products, or resumed. The shop ends with this process unless it outlives the caller. Lambdas
    read their fault plan (devcloud.faults) in `faults`.

    Raises: processes.PortTaken, processes.ProcessFailed, RunsElsewhere, Busy,
    packaging.PackagingFailed, wheels.WheelMissing, stacks.StackFailed,
    bootstrap.BootstrapFailed or demo_purchase.PurchaseFailed.
    """
    directory = directory.resolve()
    with _alone(directory):
        secrets = settings.of(directory)
        shop = Shop(directory, port, secrets.admin_password)
        started: list[Process] = []
        try:
            _start_processes(shop, sfn_wait_scale, faults, outlives_caller, started, say)
            _deploy(shop, services, secrets, say)
            _open(shop, services, catalogue, say)
            if purchase:
                demo_purchase.run(shop, say)
        except BaseException:
            for process in reversed(started):
                process.stop()
            raise
        return shop


def stop(directory: Path) -> list[str]:
    """Stop a shop's processes and keep its data. Returns the names of those that ran.

    Raises: StateNotSaved when AWS could not save its last state. All is stopped nevertheless.
    """
    with _alone(directory.resolve()):
        # The front door first: nobody should come in while the rest goes.
        stopped = [process.name for process in reversed(processes(directory)) if process.stop()]
        for leftover in directory.glob("tmp*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if AWS in stopped:
            _require_saved(directory / "aws")
        return stopped


def _require_saved(state: Path) -> None:
    last = heartbeat.read(state)
    if last is None or not last.is_stopped:
        kept = restoring.find(state)
        raise StateNotSaved(
            "The shop is stopped, but its last state could not be saved:"
            f" {last.error if last else 'no heartbeat'}. {kept.outlook()}"
        )


def running(directory: Path) -> Shop | None:
    """The directory's shop, if all its processes are up and it was deployed."""
    note = directory / "shop.json"
    if not note.exists() or not all(process.pid for process in processes(directory)):
        return None
    known = json.loads(note.read_text())
    return Shop(directory.resolve(), int(known["url"].rsplit(":", 1)[1]), known["adminPassword"])


def processes(directory: Path) -> list[Process]:
    """A shop's processes, in the order in which they start."""
    return [
        Process(directory.resolve(), name) for name in (AWS, "stripe", "razorpay", "front-door")
    ]


def environment(shop: Shop) -> deploy.Environment:
    """Return Lambdas' settings for this shop: the addresses of its fake gateways."""
    return {
        deploy.ORCHESTRATOR: {
            "STRIPE_API_BASE": shop.stripe_url,
            "RAZORPAY_API_BASE": shop.razorpay_url,
        }
    }


def token(shop: Shop) -> str:
    """An access token of the shop's admin."""
    return bootstrap.admin_token(shop.cloud, shop.url, shop.admin_password)


def _start_processes(
    shop: Shop,
    sfn_wait_scale: float,
    faults: Path | None,
    outlives_caller: bool,
    started: list[Process],
    say: Say,
) -> None:
    aws, stripe, razorpay, front_door = processes(shop.directory)
    _keep_port(shop)
    ports = {
        aws: shop.port + 1,
        stripe: shop.port + 2,
        razorpay: shop.port + 3,
        front_door: shop.port,
    }
    restored = None
    if aws.pid is None:
        restored = restoring.find(shop.directory / "aws")
        for gateway in (stripe, razorpay):
            gateway.stop()  # it comes back to the same moment
    missing = [process for process in ports if process.pid is None]
    for process in missing:
        require_free(ports[process])
    table = _routes(shop)
    table.parent.mkdir(parents=True, exist_ok=True)
    table.touch() if table.exists() else table.write_text("{}")
    commands = {
        aws: (
            "devcloud.emulator.server",
            [
                *("--dir", str(shop.directory)),
                *(("--state", str(restored.generation)) if restored else ()),
                *("--sfn-wait-scale", str(sfn_wait_scale)),
                *(("--faults", str(faults)) if faults else ()),
            ],
        ),
        stripe: ("devcloud.stripe", _gateway_arguments(shop, "stripe", restored)),
        razorpay: ("devcloud.razorpay", _gateway_arguments(shop, "razorpay", restored)),
        front_door: ("devcloud.reverse_proxy", ["--routes", str(table)]),
    }
    for process in missing:
        module, arguments = commands[process]
        started.append(process)
        process.start(module, ["--port", str(ports[process]), *arguments], {}, outlives_caller)
    for process in missing:
        process.await_answer(_listening(ports[process]))
    say(
        "AWS, Stripe, Razorpay and the front door run on this machine"
        if missing
        else "the shop is running already"
    )
    if restored and (sentence := restored.sentence()):
        say(sentence)


def _gateway_arguments(shop: Shop, name: str, restored: restoring.Restorable | None) -> list[str]:
    return [
        *(("--as-of", str(restored.moment)) if restored else ()),
        *("--state", str(shop.directory / f"{name}.json")),
        *("--webhook-url", f"{shop.url}/checkout/webhooks/{name}"),
        *("--secrets", str(settings.file_of(shop.directory))),
    ]


def _keep_port(shop: Shop) -> None:
    note = shop.directory / "run" / "port"
    if any(process.pid for process in processes(shop.directory)) and note.read_text() != str(
        shop.port
    ):
        raise RunsElsewhere(
            f"This shop is running on port {note.read_text()}. To move it, run `make down` first."
        )
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(str(shop.port))


def _listening(port: int) -> Callable[[], bool]:
    def answers() -> bool:
        with socket.socket() as attempt:
            attempt.settimeout(0.5)
            return attempt.connect_ex(("127.0.0.1", port)) == 0

    return answers


def _deploy(shop: Shop, services: Sequence[str], secrets: settings.Secrets, say: Say) -> None:
    deploy.deploy(shop.cloud, services, "local", shop.directory / BUILDS, say, environment(shop))
    bootstrap.prepare(shop.cloud, secrets)
    routes.write(shop.cloud, services, _routes(shop))


def _open(shop: Shop, services: Sequence[str], catalogue: Path | None, say: Say) -> None:
    """Let the admin in, put products on the shelves, and tell where everything is."""
    if "user-service" not in services:
        return
    token(shop)
    if catalogue and "product-service" in services:
        catalogue_loading.load_once(shop.cloud, shop.url, lambda: token(shop), catalogue, say)
    known = {
        "url": shop.url,
        "awsEndpoint": shop.aws_endpoint,
        "stripeUrl": shop.stripe_url,
        "razorpayUrl": shop.razorpay_url,
        "adminEmail": shop.admin_email,
        "adminPassword": shop.admin_password,
    }
    settings.write_private(shop.directory / "shop.json", json.dumps(known, indent=1))


def _routes(shop: Shop) -> Path:
    return shop.directory / "routes.json"


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One command at a time may start or stop a shop."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"Another command is starting or stopping the shop in {directory}."
            ) from None
        yield
