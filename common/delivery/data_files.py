"""Leaves out of a zip the data of `common` that the service does not read."""

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

# CPython counts the depth of all threads' trees together, and services are packaged side by side:
# https://github.com/python/cpython/issues/106905
_PARSER = threading.Lock()


def remove_unread(service: Path, shared: Path) -> None:
    """Remove the data files that none of the imported modules reads.

    A module reads the files that it names as text.
    """
    read = _text_of(_imported(service, shared))
    for file in sorted(shared.iterdir()):
        if file.is_file() and file.suffix != ".py" and file.name not in read:
            file.unlink()


def _imported(service: Path, shared: Path) -> set[Path]:
    """Find the modules of `shared` that the service imports, all together."""
    imported: set[Path] = set()
    pending = [service / "app.py", *(service / "chalicelib").rglob("*.py")]
    while pending:
        modules = {shared / f"{name}.py" for name in _imports(pending.pop(), shared.name)}
        new = {module for module in modules - imported if module.exists()}
        imported |= new
        pending += sorted(new)
    return imported


def _imports(file: Path, package: str) -> Iterator[str]:
    """Yield what a module imports from the package, also within functions."""
    for node in ast.walk(_parse(file)):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.removeprefix(f"{package}.")
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(f"{package}.") for alias in node.names)


def _text_of(modules: set[Path]) -> set[str]:
    """All literal strings of the modules."""
    nodes = (node for module in modules for node in ast.walk(_parse(module)))
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _parse(file: Path) -> ast.Module:
    with _PARSER:
        return ast.parse(file.read_text())
