"""What whoever works on a service has at hand: make local, token, invoke, trace; all of it against a running shop."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from delivery.paths import ROOT
from devcloud import order_timeline
from tests.support.actors import ok, until

SERVICE = "user-service"
SLOWER = 5  # Chalice's own server answers 40 ms late; this is far below the ratio measured, and far above noise
ROUTE = """

@app.route("/user/words", methods=["GET"])
def words():
    \"\"\"What was written last, here and in common.\"\"\"
    from common import clock

    return {"own": "one", "common": clock.WORD}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the service and of common, to be edited."""
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
    with serving(source, shop.directory) as client:
        yield client


def write(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text()))


@contextmanager
def serving(source: Path, directory: Path, *instead: str) -> Iterator[httpx.Client]:
    """The service from these sources; or by the command that is given instead."""
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
            until(lambda: listens(port), bool, 60)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def listens(port: str) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", int(port))) == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def said(client: httpx.Client) -> dict[str, str]:
    """What the route says now; nothing while the server starts anew."""
    try:
        return ok(client.get("/user/words"))
    except httpx.TransportError:
        return {}


def command(*arguments: str, given: str = "") -> tuple[int, str, str]:
    """A command of devcloud, as make calls it: exit status, output, complaints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "common")}
    done = subprocess.run(
        [sys.executable, "-m", "devcloud", *arguments],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_what_is_changed_in_the_service_or_in_common_is_served_at_once(local, source):
    assert until(lambda: said(local), bool, 30) == {"own": "one", "common": "one"}

    write(source / SERVICE / "app.py", lambda text: text.replace('"own": "one"', '"own": "two"'))
    until(lambda: said(local), lambda words: words == {"own": "two", "common": "one"}, 30)

    write(
        source / "common/common/clock.py", lambda text: text.replace('WORD = "one"', 'WORD = "two"')
    )
    until(lambda: said(local), lambda words: words == {"own": "two", "common": "two"}, 30)


def test_a_mistake_stops_it_until_the_mistake_is_mended(local, source):
    write(source / SERVICE / "app.py", lambda text: f"this is no Python\n{text}")
    until(lambda: said(local), lambda words: words == {}, 30)

    write(source / SERVICE / "app.py", lambda text: text.removeprefix("this is no Python\n"))
    until(lambda: said(local), bool, 30)


def test_it_lets_in_whom_the_shop_lets_in_and_answers_the_others_as_the_shop_does(
    shop, local, jimmy
):
    until(lambda: said(local), bool, 30)
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


def test_on_a_connection_that_is_kept_it_is_many_times_as_fast_as_chalices_own(shop, local, source):
    until(lambda: said(local), bool, 30)
    chalice = "import sys; from chalice.cli import main; sys.exit(main())"
    own = ("-c", chalice, "local", "--no-autoreload", "--stage", "local")
    with serving(source, shop.directory, *own) as slow:
        times = {
            name: typical(client) for name, client in (("chalice", slow), ("make local", local))
        }

    assert times["chalice"] > SLOWER * times["make local"], times


def typical(client: httpx.Client, requests: int = 15) -> float:
    """The median time of a request, in seconds, on one connection, to a route that asks nobody else."""
    taken = []
    for _ in range(requests):
        began = time.perf_counter()
        client.get("/user/nowhere")
        taken.append(time.perf_counter() - began)
    return sorted(taken)[requests // 2]


@pytest.mark.parametrize("role", ["admin", "customer"])
def test_a_token_is_ready_for_each_role(shop, role):
    status, token, _ = command("token", role, "--dir", str(shop.directory))

    profile = ok(
        httpx.get(f"{shop.url}/user/profile", headers={"Authorization": f"Bearer {token.strip()}"})
    )
    assert (status, profile["role"]) == (0, role)


def test_what_has_no_route_is_invoked_with_an_event_from_a_file_or_typed(
    shop, jimmy, bowl, tmp_path
):
    jimmy.put_in_cart(bowl, 2)
    event = {
        "orderId": "ORDER#1",
        "userId": jimmy.user_id,
        "items": [{"productId": bowl, "qty": 2}],
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    call = ("invoke", "cart-service", "clear-cart")
    where = ("--dir", str(shop.directory))

    for source in (str(tmp_path / "event.json"), "-"):
        status, answer, complaint = command(*call, source, *where, given=json.dumps(event))
        assert (status, json.loads(answer)["status"]) == (0, "CLEARED"), complaint
    assert jimmy.cart() == []


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
def test_what_cannot_be_invoked_is_told_in_one_sentence(shop, arguments, complaint):
    status, answer, said = command("invoke", *arguments, "--dir", str(shop.directory))

    assert (status, answer, said.count("\n")) == (1, "", 1), said
    assert said.startswith(complaint)


@pytest.mark.parametrize("port", ["0", "80", "99999", "http"])
def test_a_port_that_is_none_is_told_in_a_sentence(shop, port):
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


def test_a_port_that_is_taken_is_told_in_a_sentence(shop):
    run = [sys.executable, "-m", "devcloud.dev_server", SERVICE, "--dir", str(shop.directory)]
    done = subprocess.run(
        [*run, "--port", str(shop.port)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "common")},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "SERVICE_PORT" in done.stderr


def test_the_story_of_a_paid_and_of_a_declined_order(shop, jimmy, bowl):
    paid, declined = jimmy.buy(bowl), None
    assert jimmy.outcome(paid)["status"] == "CONFIRMED"
    declined = jimmy.buy(bowl, payment_method="pm_card_chargeDeclined")
    assert jimmy.outcome(declined)["status"] == "FAILED"

    told = until(
        lambda: order_timeline.story(shop.cloud, paid),
        lambda story: "succeeded" in str(story.moments[-9:]),
        20,
    )
    assert (told.status, told.total, told.customer) == ("CONFIRMED", "12.99 USD", jimmy.user_id)
    whats = [moment.what.split(" (")[0] for moment in told.moments if moment.where == "saga"]
    wanted = [
        "ValidateOrder",
        "CheckInventory",
        "ProcessPayment",
        "UpdateInventory",
        "CreateOrderRecord",
    ]
    assert [what for what in whats if what in wanted] == wanted
    assert {"order-service validate-order", "checkout-orchestrator process-payment"} <= {
        moment.where for moment in told.moments
    }

    troubles = [
        moment.what
        for moment in order_timeline.story(
            shop.cloud, declined.removeprefix("ORDER#").lower()
        ).moments
        if moment.is_trouble and moment.where == "saga"
    ]
    assert troubles[0] == "PaymentDeclined: Your card was declined."


def test_an_order_that_never_was_has_no_story(shop):
    status, _, said = command("trace", "nonsense", "--dir", str(shop.directory))

    assert (status, said.count("\n")) == (1, 1)
    assert "There is no order nonsense" in said
