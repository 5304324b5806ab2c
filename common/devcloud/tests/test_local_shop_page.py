"""The page of the local shop agrees with its test cards and its catalogue."""

import re

from delivery.paths import ROOT
from devcloud import seed
from devcloud.stripe.payment_methods import METHODS

PAGE = (ROOT / "docs" / "local-shop.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_page_lists_every_test_card_with_its_outcome():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section("Test cards"), re.MULTILINE))

    assert rows == {name: bank.outcome for name, bank in METHODS.items()}


def test_the_page_lists_every_column_of_a_catalogue():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section("The catalogue"), re.MULTILINE)

    assert tuple(re.findall(r"\w+", " ".join(rows))) == seed.COLUMNS
