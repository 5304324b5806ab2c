"""The developer's commands against a running shop: local, token, invoke, trace."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from delivery.paths import ROOT
from devcloud import order_timeline
from tests.support.actors import ok, poll_until
from tests.support.ports import free_port, is_free

SERVICE = "user-service"
# Chalice's own server answers 40 ms late: the measured ratio is far higher, noise far lower.
MIN_SPEED_UP = 5
ROUTE = """

@app.route("/user/words", methods=["GET"])
def words():
    \"\"\"Return what the source says, here and in common.\"\"\"
    from common import clock

    return {"own": "one", "common": clock.WORD}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the service and of common that the tests edit."""
    root = tmp_path_factory.mktemp("source")
    for name in ("common", SERVICE):
        shutil.copytree(
            ROOT / name, root / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    write(root / SERVICE / "app.py", lambda text: text + ROUTE)
    write(root / "common/common/clock.py", lambda text: text + '\nWORD = "one"\n')
    return root


@pytest.fixture(scope="module")
def local(shop, source) -> Iterator[httpx.Client]:
    """`make local SERVICE=user-service`."""
    with serve(source, shop.directory) as client:
        yield client


def write(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text()))


@contextmanager
def serve(source: Path, directory: Path, *instead: str) -> Iterator[httpx.Client]:
    """Serve the service from these sources, by `make local` or another command."""
    port = str(free_port())
    own = ("-m", "devcloud.dev_server", SERVICE, "--dir", str(directory), "--port", port)
    command = [sys.executable, *(instead or own)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(source / "common"),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    if instead:
        command += ["--port", port]
    process = subprocess.Popen(
        command, cwd=source / SERVICE, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            poll_until(lambda: not is_free(int(port)), bool, 60)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def get_words(client: httpx.Client) -> dict[str, str]:
    """The route's present response, or an empty dict while the server restarts."""
    try:
        return ok(client.get("/user/words"))
    except httpx.TransportError:
        return {}


def run_command(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run a command of devcloud as make does. Returns status, output and errors."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "common")}
    done = subprocess.run(
        [sys.executable, "-m", "devcloud", *arguments],
        cwd=ROOT,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_change_of_the_service_or_of_common_is_served(local, source):
    assert poll_until(lambda: get_words(local), bool, 30) == {"own": "one", "common": "one"}

    write(source / SERVICE / "app.py", lambda text: text.replace('"own": "one"', '"own": "two"'))
    poll_until(lambda: get_words(local), lambda words: words == {"own": "two", "common": "one"}, 30)

    write(
        source / "common/common/clock.py", lambda text: text.replace('WORD = "one"', 'WORD = "two"')
    )
    poll_until(lambda: get_words(local), lambda words: words == {"own": "two", "common": "two"}, 30)


def test_a_syntax_error_stops_it_until_it_is_fixed(local, source):
    write(source / SERVICE / "app.py", lambda text: f"this is no Python\n{text}")
    poll_until(lambda: get_words(local), lambda words: words == {}, 30)

    write(source / SERVICE / "app.py", lambda text: text.removeprefix("this is no Python\n"))
    poll_until(lambda: get_words(local), bool, 30)


def test_it_authorizes_as_the_shop_does(shop, local, jimmy):
    poll_until(lambda: get_words(local), bool, 30)
    profile = ok(
        local.get("/user/profile", headers={"Authorization": jimmy.http.headers["Authorization"]})
    )
    assert profile == ok(jimmy.http.get("/user/profile"))

    for headers in ({}, {"Authorization": "Bearer a.b.c"}, {"Authorization": "abc"}):
        refused = local.get("/user/profile", headers=headers)
        deployed = httpx.get(f"{shop.url}/user/profile", headers=headers)
        assert (refused.status_code, refused.json()) == (deployed.status_code, deployed.json())
        assert refused.status_code == 401
    assert local.get("/user/nowhere").json() == httpx.get(f"{shop.url}/user/nowhere").json()


def test_on_a_kept_connection_it_is_faster_than_chalices_server(shop, local, source):
    poll_until(lambda: get_words(local), bool, 30)
    chalice = "import sys; from chalice.cli import main; sys.exit(main())"
    own = ("-c", chalice, "local", "--no-autoreload", "--stage", "local")
    with serve(source, shop.directory, *own) as slow:
        times = {
            name: median_seconds(client)
            for name, client in (("chalice", slow), ("make local", local))
        }

    assert times["chalice"] > MIN_SPEED_UP * times["make local"], times


@contextmanager
def chalice_local(directory: Path, *options: str) -> Iterator[subprocess.Popen]:
    """Type `chalice local` in the service's folder. Reloading, it is two processes."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("chalice"), "local", *options],
        cwd=ROOT / SERVICE,
        env={"PATH": os.environ["PATH"], "LOCAL_DIR": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=20)


def test_chalice_local_works_against_the_running_shop(shop, jimmy):
    port = free_port()
    headers = {"Authorization": jimmy.http.headers["Authorization"]}
    with chalice_local(shop.directory, "--port", str(port)):
        poll_until(lambda: not is_free(port), bool, 60)
        profile = ok(httpx.get(f"http://127.0.0.1:{port}/user/profile", headers=headers))

    assert profile == ok(jimmy.http.get("/user/profile"))


def test_chalice_local_without_a_shop_is_one_sentence(tmp_path):
    with chalice_local(tmp_path) as process:
        _, error = process.communicate(timeout=60)

    assert (process.returncode, error.count("\n")) == (1, 1), error
    assert f"There is no shop in {tmp_path}: run `make up` first." in error


def median_seconds(client: httpx.Client, requests: int = 15) -> float:
    """The median time of a request on one connection, to a route that calls nothing."""
    taken = []
    for _ in range(requests):
        began = time.perf_counter()
        client.get("/user/nowhere")
        taken.append(time.perf_counter() - began)
    return sorted(taken)[requests // 2]


@pytest.mark.parametrize("role", ["admin", "customer", "support"])
def test_a_token_is_printed_for_each_role(shop, role):
    status, token, _ = run_command("token", role, "--dir", str(shop.directory))

    profile = ok(
        httpx.get(f"{shop.url}/user/profile", headers={"Authorization": f"Bearer {token.strip()}"})
    )
    assert (status, profile["role"]) == (0, role)


def test_a_lambda_is_invoked_with_an_event_from_a_file_or_stdin(shop, jimmy, bowl, tmp_path):
    jimmy.add_to_cart(bowl, 2)
    event = {
        "orderId": "ORDER#1",
        "userId": jimmy.user_id,
        "items": [{"productId": bowl, "qty": 2}],
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    call = ("invoke", "cart-service", "clear-cart")
    where = ("--dir", str(shop.directory))

    for source in (str(tmp_path / "event.json"), "-"):
        status, answer, error = run_command(*call, source, *where, stdin=json.dumps(event))
        assert (status, json.loads(answer)["status"]) == (0, "CLEARED"), error
    assert jimmy.get_cart() == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("no-service", "clear-cart"), "no-service is not a service"),
        (("cart-service", "no-function"), "cart-service has no Lambda no-function"),
        (("cart-service", "clear-cart", "no-file"), "EVENT=no-file cannot be read"),
        (("cart-service", "clear-cart", "README.md"), "EVENT=README.md is not JSON"),
        (("cart-service", "clear-cart"), "cart-service-local-clear-cart raised StepInputInvalid"),
    ],
)
def test_an_invalid_invocation_gets_a_one_line_error(shop, arguments, complaint):
    status, answer, error = run_command("invoke", *arguments, "--dir", str(shop.directory))

    assert (status, answer, error.count("\n")) == (1, "", 1), error
    assert error.startswith(complaint)


@pytest.mark.parametrize("port", ["0", "80", "99999", "http"])
def test_an_invalid_port_gets_a_clear_error(shop, port):
    run = [
        sys.executable,
        "-m",
        "devcloud.dev_server",
        SERVICE,
        "--dir",
        str(shop.directory),
        "--port",
        port,
    ]
    done = subprocess.run(
        run, env={**os.environ, "PYTHONPATH": str(ROOT / "common")}, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert f"{port} is not a port" in done.stderr


def test_a_port_in_use_gets_a_clear_error(shop):
    run = [sys.executable, "-m", "devcloud.dev_server", SERVICE, "--dir", str(shop.directory)]
    done = subprocess.run(
        [*run, "--port", str(shop.port)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "common")},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "SERVICE_PORT" in done.stderr


def test_the_timelines_of_a_paid_and_of_a_declined_order(shop, jimmy, bowl):
    paid, declined = jimmy.buy(bowl), None
    assert jimmy.await_outcome(paid)["status"] == "CONFIRMED"
    declined = jimmy.buy(bowl, payment_method="pm_card_chargeDeclined")
    assert jimmy.await_outcome(declined)["status"] == "FAILED"

    timeline = poll_until(
        lambda: order_timeline.build(shop.cloud, paid),
        lambda timeline: any(
            moment.where == "saga" and "succeeded" in moment.what for moment in timeline.moments
        ),
        20,
    )
    assert (timeline.status, timeline.total, timeline.customer) == (
        "CONFIRMED",
        "12.99 USD",
        jimmy.user_id,
    )
    steps = [moment.what.split(" (")[0] for moment in timeline.moments if moment.where == "saga"]
    expected = [
        "ValidateOrder",
        "CheckInventory",
        "ProcessPayment",
        "UpdateInventory",
        "CreateOrderRecord",
    ]
    assert [step for step in steps if step in expected] == expected
    assert {"order-service validate-order", "checkout-orchestrator process-payment"} <= {
        moment.where for moment in timeline.moments
    }

    failures = [
        moment.what
        for moment in order_timeline.build(
            shop.cloud, declined.removeprefix("ORDER#").lower()
        ).moments
        if moment.is_error and moment.where == "saga"
    ]
    assert failures[0] == "PaymentDeclined: Your card was declined."


def test_an_unknown_order_has_no_timeline(shop):
    status, _, error = run_command("trace", "unknown", "--dir", str(shop.directory))

    assert (status, error.count("\n")) == (1, 1)
    assert "There is no order unknown" in error
