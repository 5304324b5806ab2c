"""The tests and headings that docs/security.md names exist."""

import re

import pytest

from delivery.paths import ROOT, SERVICES

PAGE = (ROOT / "docs/security.md").read_text()
OF_A_SERVICE = re.compile(r"((?:`test_\w+\.py`(?:, )?)+) of ([\w-]+)")


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, as lists of cells."""
    section = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def named_tests(text: str) -> list[str]:
    """The test files and folders that a text names, relative to the root."""
    of_services = [
        f"{service}/tests/{name}"
        for names, service in OF_A_SERVICE.findall(text)
        for name in re.findall(r"test_\w+\.py", names)
    ]
    return of_services + re.findall(r"`((?:common/|tests/)[\w/.]+)`", text)


def test_all_ten_risks_of_owasp_are_on_the_page():
    assert [row[0].split()[0] for row in table("OWASP API Security Top 10 (2023)")] == [
        f"API{number}" for number in range(1, 11)
    ]


@pytest.mark.parametrize(("risk", "how", "shown_by"), table("OWASP API Security Top 10 (2023)"))
def test_every_mitigation_names_an_existing_test(risk, how, shown_by):
    assert named_tests(shown_by) or shown_by == "there is nothing to try"


def test_every_test_that_the_page_names_exists():
    files = named_tests(PAGE)

    assert {service for _, service in OF_A_SERVICE.findall(PAGE)} <= set(SERVICES)
    assert len(set(files)) > 20
    assert [name for name in files if not (ROOT / name).exists()] == []
    # No name without its folder.
    assert {name.rsplit("/", 1)[-1] for name in files} >= set(re.findall(r"test_\w+\.py", PAGE))


def test_all_fourteen_chapters_of_asvs_are_on_the_page():
    assert [row[0].split()[0] for row in table("ASVS 4.0, level 2")] == [
        f"V{number}" for number in range(1, 15)
    ]
