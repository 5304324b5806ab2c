"""Which products a request is about, as SQL."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.products.filters import ProductSelection
from chalicelib.search import spelling, words
from chalicelib.search.index import Index

_MAX_WORDS = 10
_MAX_ALTERNATIVES = 5
_WITH_CHILDREN = """
p.row IN (
  WITH RECURSIVE under(slug) AS (
    SELECT :category UNION SELECT c.slug FROM categories c JOIN under u ON c.parent = u.slug)
  SELECT m.row FROM memberships m JOIN under u ON m.category = u.slug)"""


@dataclass
class Selection:
    """The part of a query from FROM to WHERE, over `products p` and, for texts, `words`."""

    source: str = "products p"
    conditions: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    has_text: bool = False

    @property
    def sql(self) -> str:
        """FROM and WHERE."""
        return f"FROM {self.source} WHERE {' AND '.join(self.conditions)}"

    def add(self, condition: str, **parameters: Any) -> None:
        """Add a condition with its parameters."""
        self.conditions.append(condition)
        self.parameters.update(parameters)


def select(index: Index, filters: ProductSelection) -> Selection:
    """Return what matches the filters. `sql` has no text of the request, only parameters."""
    selection = Selection()
    selection.add("p.currency = :currency", currency=filters.currency)
    selection.add(
        "p.price BETWEEN :min AND :max", min=filters.min_price_minor, max=filters.max_price_minor
    )
    if filters.status is not None:
        selection.add("p.status = :status", status=filters.status)
    if filters.category is not None:
        selection.add(_WITH_CHILDREN, category=filters.category)
    if filters.in_stock is not None:
        selection.add("p.available > 0" if filters.in_stock else "p.available = 0")
    for number, (key, values) in enumerate(sorted(filters.attribute_values.items())):
        _add_attribute(selection, number, key, values)
    if filters.text is not None:
        _add_text(index, selection, filters.text)
    return selection


def match_expression(index: Index, text: str) -> str | None:
    """Return the FTS5 expression for a text, None if it has no words.

    All words must be there: each as it is, by its stem, or, if the shop has no such word, by one
    that looks like it. The last word may be the beginning of one.
    """
    found = words.split(text)[:_MAX_WORDS]
    terms = [_term(index, word, is_last=word is found[-1]) for word in found]
    return " AND ".join(terms) or None


def _add_attribute(selection: Selection, number: int, key: str, values: list[str]) -> None:
    names = [f"value{number}x{place}" for place in range(len(values))]
    placeholders = ", ".join(f":{name}" for name in names)
    selection.add(
        f"p.row IN (SELECT row FROM attributes WHERE key = :key{number}"
        f" AND folded IN ({placeholders}))",
        **{f"key{number}": key},
        **{name: words.fold(value) for name, value in zip(names, values, strict=True)},
    )


def _add_text(index: Index, selection: Selection, text: str) -> None:
    expression = match_expression(index, text)
    if expression is None:
        selection.add("0")
        return
    selection.source = "words JOIN products p ON p.row = words.rowid"
    selection.has_text = True
    selection.add("words MATCH :match", match=expression)


def _term(index: Index, word: str, is_last: bool) -> str:
    alternatives = [f'"{one}"' for one in dict.fromkeys((word, words.stem(word)))]
    if is_last:
        alternatives.append(f'"{word}" *')
    if not _is_known(index, word, is_last):
        alternatives += [f'"{one}"' for one in _similar(index, word)]
    return f"({' OR '.join(alternatives)})"


def _is_known(index: Index, word: str, is_prefix: bool) -> bool:
    if " " in word:
        return True
    end = f"{word}\U0010ffff" if is_prefix else word
    sql = "SELECT 1 FROM vocabulary WHERE term BETWEEN ? AND ? OR term = ? LIMIT 1"
    return bool(index.query(sql, [word, end, words.stem(word)]))


def _similar(index: Index, word: str) -> list[str]:
    """The words of the shop with the fewest typing errors, the commonest first."""
    errors = spelling.max_errors(word)
    if not errors:
        return []
    grams = sorted(spelling.trigrams(word))
    placeholders = ", ".join("?" * len(grams))
    candidates = index.query(
        "SELECT t.word, v.doc FROM trigrams t JOIN vocabulary v ON v.term = t.word"
        f" WHERE t.trigram IN ({placeholders}) GROUP BY t.word"
        " ORDER BY count(*) DESC, t.word LIMIT 200",
        grams,
    )
    near = [(spelling.distance(word, other), -count, other) for other, count in candidates]
    return [other for far, _, other in sorted(near) if far <= errors][:_MAX_ALTERNATIVES]
