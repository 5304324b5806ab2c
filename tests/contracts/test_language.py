"""The language of the code: house rules that a reader relies on."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from delivery.paths import ROOT

MAX_SUMMARY = 80
MAX_LINE = 100
MAX_TEST_NAME = 70
# By kind of name: what once stood here, and nobody understood, and what replaced it.
REPLACED = tomllib.loads((ROOT / "tests/contracts/replaced_names.toml").read_text())
# Words that the field has terms for.
REPLACED_WORDS = re.compile(
    r"(?<![a-z])(whoever|whatever|stand[-_]?ins?|safe[ _]to[ _]repeat|(given|taken)[ _]back"
    r"|tormented|torture)(?![a-z])",
    re.I,
)


def tracked(*patterns: str) -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return (ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def python() -> Iterator[Path]:
    return (path for path in tracked("*.py") if path != Path(__file__))


def documented(path: Path) -> Iterator[tuple[int, str]]:
    """The first line of each docstring, with its line number."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds) and (doc := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), doc.splitlines()[0]


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_the_first_line_of_a_docstring_is_short():
    long = [
        f"{where(path, line)}: {summary}"
        for path in python()
        for line, summary in documented(path)
        if len(summary) > MAX_SUMMARY or ";" in summary
    ]
    assert not long, "\n".join(long)


def test_lines_of_code_and_templates_are_short():
    """Python is held by ruff (E501)."""
    long = [
        where(path, number)
        for path in tracked("*.yml", "*.toml", "Makefile")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > MAX_LINE and "http" not in line
    ]
    assert not long, "\n".join(long)


def test_prose_is_wrapped():
    pages = ("access", "events", "metrics", "performance", "state-machine")
    generated = {f"docs/{page}.md" for page in pages}
    long = [
        where(path, number)
        for path in tracked("*.md")
        if str(path.relative_to(ROOT)) not in generated
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > MAX_LINE and not line.startswith("|") and "http" not in line
    ]
    assert not long, "\n".join(long)


def definitions(path: Path) -> Iterator[tuple[str, str, int]]:
    """Each name that a module defines: its kind, the name, and its line."""
    yield from (("modules", part, 1) for part in path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name):
                yield "functions", name, node.lineno
                yield "names", name, node.lineno
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield "names", name, node.lineno
            case ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield "names", name, node.lineno
            case ast.alias(asname=str(name)):
                yield "modules", name, node.lineno


def replacement(kind: str, name: str) -> str | None:
    replacements = (new for old, new in REPLACED[kind].items() if fnmatchcase(name, old))
    return next(replacements, None)


def test_no_replaced_name_comes_back():
    replaced = {
        f"{where(path, line)}: {name}, now {new}"
        for path in python()
        for kind, name, line in definitions(path)
        if (new := replacement(kind, name))
    }
    assert not replaced, "\n".join(sorted(replaced))


def test_no_page_names_a_replaced_function():
    replaced = [
        f"{where(path, number)}: {name}"
        for path in tracked("*.md", "*.yml", "*.toml", "Makefile")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for name in re.findall(r"\b(\w+)\(", line)
        if replacement("functions", name)
    ]
    assert not replaced, "\n".join(replaced)


def test_no_replaced_word_comes_back():
    replaced = [
        f"{where(path, number)}: {match[0]}"
        for path in [*python(), *tracked("*.md", "*.yml", "*.toml", "Makefile")]
        if path.name != "replaced_names.toml"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := REPLACED_WORDS.search(line))
    ]
    assert not replaced, "\n".join(replaced)


def test_the_name_of_a_test_is_a_short_sentence():
    long = [
        f"{where(path, node.lineno)}: {node.name}"
        for path in tracked("*test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        if node.name.startswith("test_") and len(node.name) > MAX_TEST_NAME
    ]
    assert not long, "\n".join(long)


@pytest.fixture(scope="module")
def document():
    return json.loads((ROOT / "docs/openapi/shop.json").read_text(encoding="utf-8"))


def operations(document):
    return [operation for ways in document["paths"].values() for operation in ways.values()]


def test_operations_are_named_for_generated_clients(document):
    wrong = [
        operation["operationId"]
        for operation in operations(document)
        if not re.fullmatch(r"[a-z]+([A-Z][a-z0-9]+)*", operation["operationId"])
        or not 3 <= len(operation["summary"]) <= MAX_SUMMARY
        or operation["summary"].endswith(".")
    ]
    assert not wrong


def test_schemas_are_named_for_generated_clients(document):
    names = set(document["components"]["schemas"])
    assert not [name for name in names if not re.fullmatch(r"([A-Z][a-z0-9]+)+", name)]
    assert not names & {"Shown", "Done", "Begun", "Wanted", "Draft", "Changes", "Progress"}


def test_nothing_of_the_code_is_published(document):
    published = json.dumps(document)
    assert not re.search(r"Raises|[a-z]+_[a-z_]+\(|chalicelib|\bMAX_|\bUTF8\b|`_", published)
