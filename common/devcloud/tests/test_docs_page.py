import re

import pytest
from starlette.testclient import TestClient

from delivery.paths import SERVICES
from devcloud.reverse_proxy import Routes, create_app


@pytest.fixture
def door(tmp_path):
    file = tmp_path / "routes.json"
    file.write_text("{}")
    with TestClient(create_app(Routes(file)), base_url="http://127.0.0.1:8000") as client:
        yield client


def test_all_that_the_page_needs_comes_from_the_shop_itself(door):
    page = door.get("/docs")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"].startswith("text/html")
    assert {"/docs/start.js", "/docs/viewer/swagger-ui-bundle.js"} <= set(needed)
    for address in needed:
        assert address.startswith("/docs/")
        assert door.get(address).status_code == 200, address


def test_the_page_may_load_and_call_nothing_else(door):
    assert door.get("/docs").headers["Content-Security-Policy"].startswith("default-src 'self';")


def test_the_page_offers_the_whole_shop_and_each_service(door):
    offered = re.findall(r'"url": "([^"]+)"', door.get("/docs/start.js").text)

    assert offered == [f"/docs/openapi/{name}.json" for name in ("shop", *SERVICES)]
    assert all(door.get(address).json()["openapi"].startswith("3.1") for address in offered)


def test_calls_from_the_page_go_to_the_shop_that_shows_it(door):
    assert door.get("/docs/openapi/shop.json").json()["servers"] == [{"url": "/"}]


@pytest.mark.parametrize(
    "address",
    [
        "/docs/openapi/examples.json",
        "/docs/openapi/..%2fevents.json",
        "/docs/viewer/..%2f__init__.py",
        "/docs/viewer/x",
    ],
)
def test_no_other_file_is_shown(door, address):
    answer = door.get(address)

    assert (answer.status_code, answer.json()["Code"]) == (404, "NotFound")


def test_what_only_begins_like_the_page_is_no_part_of_it(door):
    assert door.get("/docsearch").json()["Code"] == "NotFound"
