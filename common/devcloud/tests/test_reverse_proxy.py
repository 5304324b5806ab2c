import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from starlette.testclient import TestClient

from devcloud.reverse_proxy import Routes, create_app, server
from devcloud.tests.support.local_aws import eventually


@pytest.fixture
def service():
    """A service that tells what it was asked."""

    class Echo(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length", 0))
            body = json.dumps(
                {
                    "path": self.path,
                    "body": self.rfile.read(length).decode(),
                    "headers": dict(self.headers),
                }
            )
            self.send_response(418)
            self.send_header("X-Service", "here")
            self.send_header("Set-Cookie", "session=1; Path=/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_):
            pass

    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{echo.server_port}"
    echo.shutdown()
    echo.server_close()


@pytest.fixture
def table(tmp_path, service):
    file = tmp_path / "routes.json"
    file.write_text(json.dumps({"/order": f"{service}/stage", "/orders": f"{service}/other"}))
    return file


@pytest.fixture
def door(table):
    with TestClient(create_app(Routes(table)), base_url="http://127.0.0.1:8000") as client:
        yield client


def test_a_path_goes_to_its_service_byte_for_byte(door):
    answer = door.get("/order/ORDER%231?a=%23&b=x+y")

    assert answer.status_code == 418
    assert answer.headers["X-Service"] == "here"
    assert answer.json()["path"] == "/stage/order/ORDER%231?a=%23&b=x+y"


def test_a_line_break_in_a_path_goes_along(door):
    assert door.get("/order/%0A%F1").json()["path"] == "/stage/order/%0A%F1"


def test_bodies_and_headers_go_along(door):
    received = door.post(
        "/order", content="{}", headers={"Authorization": "Bearer t", "X-Own": "1"}
    ).json()

    assert received["body"] == "{}"
    assert {name.lower(): value for name, value in received["headers"].items()}[
        "authorization"
    ] == "Bearer t"


def test_the_service_gets_the_customers_request_and_address_and_no_more(served, service):
    """Byte for byte over a socket, as no client library would send it."""
    lines = [
        'GET /order/%7e|"%2F?q=a|b HTTP/1.1',
        "Host: shop",
        "X-Forwarded-For: 10.0.0.9",
        "Connection: close",
    ]
    received = json.loads(raw(served, "\r\n".join([*lines, "", ""]).encode()))

    assert received["path"] == '/stage/order/%7e|"%2F?q=a|b'
    headers = {name.lower(): value for name, value in received["headers"].items()}
    assert headers.pop("host") == service.removeprefix("http://")
    assert headers == {"x-forwarded-for": "127.0.0.1"}


def test_the_cookies_of_one_customer_are_not_sent_for_another(served):
    httpx.get(f"{served}/order/cookie")

    assert "cookie" not in {name.lower() for name in httpx.get(f"{served}/order").json()["headers"]}


def test_a_large_body_goes_through(served):
    body = "x" * 3_000_000

    assert httpx.post(f"{served}/order", content=body).json()["body"] == body


@pytest.fixture
def served(table):
    """The front door as a server."""
    running = server(create_app(Routes(table)), 0)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    assert eventually(lambda: running.started)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join()


def raw(url, request):
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.partition(b"\r\n\r\n")[2]


def test_a_prefix_ends_at_a_slash(door):
    assert door.get("/orders").json()["path"] == "/other/orders"
    assert door.get("/ordering").status_code == 404


def test_what_nobody_answers_is_said_not_to_exist(door):
    answer = door.get("/nowhere")

    assert (answer.status_code, answer.json()["Code"]) == (404, "NotFound")
    assert "/order, /orders" in answer.json()["Message"]


def test_a_service_that_is_down_is_said_to_be(door, table):
    table.write_text(json.dumps({"/order": "http://127.0.0.1:1"}))

    answer = door.get("/order")

    assert (answer.status_code, answer.json()["Code"]) == (503, "ServiceUnavailable")


def test_new_routes_are_taken_up_and_half_written_ones_are_not(door, table, service):
    assert door.get("/order").status_code == 418
    table.write_text('{"/cart": ')
    assert door.get("/order").status_code == 418

    table.write_text(json.dumps({"/cart": service}))
    assert door.get("/cart").status_code == 418
    assert door.get("/order").status_code == 404


def test_the_front_page_tells_what_there_is(door, service):
    facts = door.get("/").json()

    assert facts["services"] == {"/order": f"{service}/stage", "/orders": f"{service}/other"}
    assert facts["links"]["docs"] == "/docs"
