"""What cells say: amounts, counts, yes and no, texts with HTML."""

import re
from collections.abc import Iterable
from decimal import Decimal
from html.parser import HTMLParser

_POINT = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", re.ASCII)
_COMMA = re.compile(r"[0-9]+(,[0-9]+)?|[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?", re.ASCII)
_FRACTION = re.compile(r"[.,](?=[0-9]{1,2}$)", re.ASCII)
_YES = frozenset({"1", "true", "yes", "y", "ja", "oui", "si", "sí", "x"})
_NO = frozenset({"0", "-1", "false", "no", "n", "nein", "non"})
_BLOCKS = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "tr", "table", "section", "article", "blockquote"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
_HIDDEN = frozenset({"script", "style", "head", "template"})


def decimal_mark(amounts: Iterable[str]) -> str:
    """Return the mark of the file's amounts: the last one before one or two digits.

    A file that has both has a point; its amounts with a comma are then refused by line.
    """
    separators = {match.group() for amount in amounts if (match := _FRACTION.search(amount))}
    return "," if separators == {","} else "."


def parse_amount(cell: str, mark: str) -> Decimal:
    """Return an amount of money. Raises: ValueError."""
    plain = cell.strip().lstrip("$€£").strip()
    if not (_COMMA if mark == "," else _POINT).fullmatch(plain):
        raise ValueError(f"{cell!r}; expected an amount of money such as 12{mark}99")
    if mark == ",":
        plain = plain.replace(".", "").replace(",", ".")
    return Decimal(plain.replace(",", ""))


def parse_count(cell: str) -> int:
    """Return a whole number. Spreadsheets write `5.0` for 5. Raises: ValueError."""
    if not re.fullmatch(r"-?[0-9]{1,9}([.,]0+)?", cell, re.ASCII):
        raise ValueError(f"{cell!r}; expected a whole number")
    return int(re.split("[.,]", cell)[0])


def parse_yes_no(cell: str) -> bool:
    """Return whether the cell says yes. Raises: ValueError."""
    word = cell.casefold()
    if word not in _YES | _NO:
        raise ValueError(f"{cell!r}; expected yes or no")
    return word in _YES


def plain_text(cell: str) -> str:
    """Return a text without its HTML: paragraphs and list items stay lines."""
    if "<" not in cell and "&" not in cell:
        return cell
    parser = _PlainText()
    parser.feed(cell.replace("\\n", "\n"))
    parser.close()
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _PlainText(HTMLParser):
    """Collects the texts of a document, a line for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
