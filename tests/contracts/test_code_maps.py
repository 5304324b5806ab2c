"""Tables that lead a reader into the code name files and functions that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.paths import ROOT, SERVICES

MAX_FILES = 9
LINK = re.compile(r"\]\(([^)]+\.(?:py|yml))\)")
NAME = re.compile(r"`([a-z_0-9]+)`")
HOP = re.compile(r"^\| \d+ \|")
CART, WEBHOOK = ("cart-service", "`POST /cart`"), ("checkout-orchestrator", "A webhook of Stripe")


def hops(service: str) -> dict[str, list[str]]:
    """The rows of each request that a service's README follows, by its heading line."""
    text = (ROOT / service / "README.md").read_text()
    section = text.split("## How a request is followed\n", 1)[1].split("\n## ", 1)[0]
    paths: dict[str, list[str]] = {}
    heading = ""
    for line in section.splitlines():
        if line.endswith(":"):
            heading = line
        elif HOP.match(line):
            paths.setdefault(heading, []).append(line)
    return paths


def links(row: str, folder: Path) -> list[Path]:
    return [(folder / link).resolve() for link in LINK.findall(row)]


def functions(path: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


def missing(row: str, names: str, folder: Path) -> Iterator[str]:
    files = links(row, folder)
    yield from (f"{path} does not exist" for path in files if not path.is_file())
    defined = {name for path in files if path.suffix == ".py" for name in functions(path)}
    yield from (f"{name} in: {row}" for name in NAME.findall(names) if name not in defined)
    if not files:
        yield f"no file in: {row}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_hops_of_a_request_exist(service):
    followed = hops(service)

    assert followed
    for row in (row for rows in followed.values() for row in rows):
        assert list(missing(row, row.split("|")[3], ROOT / service)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_request_is_followed_in_few_files(service):
    for heading, rows in hops(service).items():
        files = {path for row in rows for path in links(row, ROOT / service)}
        assert len(files) <= MAX_FILES, heading


@pytest.mark.parametrize(("service", "heading"), [CART, WEBHOOK])
def test_the_longest_paths_start_at_their_routes(service, heading):
    rows = next(rows for title, rows in hops(service).items() if title.startswith(heading))

    assert links(rows[0], ROOT / service) == [ROOT / service / "app.py"]


def places() -> list[str]:
    section = (ROOT / "CONTRIBUTING.md").read_text().split("### Where to look\n", 1)[1]
    return [row for row in section.split("\n## ", 1)[0].splitlines() if "](" in row]


def test_a_newcomers_questions_lead_to_code():
    assert len(places()) > 6
    for row in places():
        _, _, term, _, function, _ = row.split("|")
        assert list(missing(row, function, ROOT)) == []
        (path,) = links(row, ROOT)
        assert term.strip(" `") in path.read_text(), row
