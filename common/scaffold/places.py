"""The hand-written lists of services that a new service joins."""

import re
from collections.abc import Callable
from pathlib import Path

from delivery.paths import ROOT, SERVICES
from scaffold.names import NameRefused, Noun
from testkit.access_matrix import RIGHTS

_PARTS = Path(__file__).parent / "template" / "shop"
RIGHTS_TABLE = "common/testkit/access_matrix.py"
FIXTURES = "tests/access/fixtures.py"


def require_free(name: str, noun: Noun) -> None:
    """Require that name, path and table are free. Raises: NameRefused."""
    if name in SERVICES or (ROOT / name).exists():
        raise NameRefused(f"NAME={name}: there is a {name} already.")
    new_paths = {f"/{noun.kebab}", f"/{noun.plural.kebab}"}
    for service, ways in RIGHTS.items():
        if taken := new_paths & {"/" + path.split("/")[1] for _, path in ways}:
            raise NameRefused(f"NAME={name}: the path {min(taken)} belongs to {service}.")
        template = (ROOT / service / "resources.yml").read_text()
        if f"TableName: {noun.plural.pascal}\n" in template:
            raise NameRefused(f"NAME={name}: the table {noun.plural.pascal} belongs to {service}.")
        if (ROOT / service / "chalicelib" / noun.plural.snake).exists():
            raise NameRefused(f"NAME={name}: {service} is about {noun.plural.kebab} already.")


def additions(name: str, noun: Noun, spelt: Callable[[str], str]) -> dict[Path, str]:
    """Return the lists with the new service.

    Raises: LookupError if one has no place for it.
    """
    parts = {part.stem: spelt(part.read_text()) for part in _PARTS.iterdir()}
    access_matrix, fixtures = _read(RIGHTS_TABLE), _read(FIXTURES)
    examples, compose = _read("docs/openapi/examples.json"), _read("serverless-compose.yml")
    with_fixture = _before(fixtures, "FIXTURES: ", parts["fixture"])
    row = f"| [{name}]({name}/README.md) | {' '.join(noun.plural.words)} |\n"
    files = {
        RIGHTS_TABLE: _before_end(access_matrix, "}\n", parts["rights"]),
        FIXTURES: _before_end(with_fixture, "}\n", f'    "{name}": set_up_{noun.plural.snake},\n'),
        "docs/openapi/examples.json": _before_end(
            examples, "\n}\n", f",\n{parts['examples'].rstrip()}"
        ),
        "serverless-compose.yml": f"{compose.rstrip()}\n  {name}:\n    path: {name}\n",
        "README.md": _before(_read("README.md"), "| [common](common/README.md)", row),
    }
    return {ROOT / path: text for path, text in files.items()}


def _read(path: str) -> str:
    return (ROOT / path).read_text()


def _before(text: str, place: str, added: str) -> str:
    match = re.search(f"^{re.escape(place)}", text, re.MULTILINE)
    if not match:
        raise LookupError(f"no line begins with {place!r} any more")
    return text[: match.start()] + added + text[match.start() :]


def _before_end(text: str, end: str, added: str) -> str:
    if not text.endswith(end):
        raise LookupError(f"expected {end!r} at the end of what begins with {text[:60]!r}")
    return text.removesuffix(end) + added + end
