"""The tables of protections name tests and files that exist."""

import re
from collections.abc import Iterator

import pytest

from delivery.paths import ROOT
from testkit import mutations

PAGES = ("reliability", "security")
# The tables of dangers, by the first words of their headers.
HEADERS = (
    "| risk | mechanism | where |",
    "| risk | mitigation | shown by |",
    "| danger | protection | shown by |",
)
TEST = re.compile(r"`((?:[\w/-]+/)?test_\w+\.py)`")
# Shown by a whole suite, by the row before, or by nothing that could be tried.
ELSEWHERE = ("`tests/access`", "the same", "there is nothing to try")


def rows(page: str) -> Iterator[str]:
    """The rows of a page's tables of dangers."""
    is_within = False
    for line in (ROOT / "docs" / f"{page}.md").read_text().splitlines():
        if line.startswith(HEADERS):
            is_within = True
        elif not line.startswith("|"):
            is_within = False
        elif is_within and not line.startswith("|---"):
            yield line


@pytest.mark.parametrize("page", PAGES)
def test_each_danger_names_tests_that_exist(page):
    suites = [*ROOT.glob("*/tests/**/test_*.py"), *ROOT.glob("tests/**/test_*.py")]
    paths = [*suites, *ROOT.glob("common/*/tests/test_*.py")]
    named = {row: TEST.findall(row) for row in rows(page)}

    assert named
    assert [
        row
        for row, tests in named.items()
        if not tests and not any(place in row for place in ELSEWHERE)
    ] == []
    missing = [
        test
        for tests in named.values()
        for test in tests
        if not any(str(path).endswith(f"/{test}") for path in paths)
    ]
    assert missing == []


def test_each_mutation_names_tests_that_exist():
    missing = [
        f"{mutation.name}: {test}"
        for mutation in mutations.load_mutations()
        for test in mutation.tests
        if not (ROOT / mutation.suite / test.partition("::")[0]).exists()
    ]

    assert missing == []
