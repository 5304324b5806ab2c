import pytest
from chalice import NotFoundError, Response
from chalice.test import Client

from common import security_headers
from common.api import create_app

SHOP, OFFICE = "https://shop.example", "https://office.example"


def api():
    app = create_app("shop", cors_headers=("X-Own",))

    @app.route("/mine")
    def mine():
        return {}

    @app.route("/ours")
    def ours():
        return Response(body={}, headers={"Cache-Control": "public, max-age=60"})

    @app.route("/gone")
    def gone():
        raise NotFoundError("gone")

    @app.route("/broken")
    def broken():
        raise ValueError

    return app


@pytest.fixture
def send_request(monkeypatch):
    def asked(path, origin="", origins=""):
        monkeypatch.setenv(security_headers.ORIGINS, origins)
        with Client(api()) as client:
            return client.http.get(path, headers={"Origin": origin} if origin else {})

    return asked


@pytest.mark.parametrize("path", ["/mine", "/gone", "/broken"])
def test_every_answer_is_safe_in_a_browser_errors_too(send_request, path):
    headers = send_request(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert int(headers["Strict-Transport-Security"].removeprefix("max-age=")) >= 31536000


def test_a_route_may_say_that_its_answer_can_be_kept(send_request):
    assert send_request("/ours").headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("path", ["/mine", "/gone", "/broken"])
@pytest.mark.parametrize("origin", [SHOP, OFFICE])
def test_web_pages_of_each_listed_origin_may_read_answers(send_request, path, origin):
    headers = send_request(path, origin, f"{SHOP} {OFFICE}").headers

    assert (headers["Access-Control-Allow-Origin"], headers["Vary"]) == (origin, "Origin")


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        f"{SHOP}.evil.example",
        SHOP.replace("s:", ":"),
        SHOP.upper(),
    ],
)
def test_web_pages_of_other_origins_may_not(send_request, origin):
    headers = send_request("/mine", origin, f"{SHOP} {OFFICE}").headers

    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Vary"] == "Origin"


def test_where_no_origin_is_listed_none_may_read_and_none_may_ask(send_request):
    assert "Access-Control-Allow-Origin" not in send_request("/mine", SHOP).headers
    assert api().routes["/mine"]["GET"].cors is None


def test_a_stage_may_be_open_to_all(send_request):
    assert send_request("/mine", SHOP, "*").headers["Access-Control-Allow-Origin"] == "*"


def test_browsers_may_send_the_headers_of_the_shop_and_of_the_service(monkeypatch):
    monkeypatch.setenv(security_headers.ORIGINS, SHOP)
    headers = api().routes["/mine"]["GET"].cors.get_access_control_headers()

    assert {"Authorization", "Idempotency-Key", "X-Own"} <= set(
        headers["Access-Control-Allow-Headers"].split(",")
    )
    assert headers["Access-Control-Allow-Origin"] == SHOP
    assert "Access-Control-Allow-Credentials" not in headers
