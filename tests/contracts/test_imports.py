"""Who may import whom: within a service, between services, and in common."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from delivery.paths import ROOT, SERVICES

COMMON = ROOT / "common"
# What each package of common may import of the others. Production code never depends on the
# local shop, and neither does what services' suites share.
ALLOWED = {
    "common": set(),
    "delivery": {"common"},
    "testkit": {"common", "delivery"},
    "docgen": {"common", "delivery", "testkit"},
    "scaffold": {"common", "delivery", "testkit", "docgen"},
    "devcloud": {"common", "delivery"},
}


def modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if not {"tests", "template"} & set(path.parts))


def imports(path: Path) -> set[str]:
    """The dotted names that a module imports, those inside functions included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return names


def packages(path: Path, prefix: str) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith(f"{prefix}.")}


@pytest.mark.parametrize("service", SERVICES)
def test_the_packages_of_a_service_form_no_cycle(service):
    root = ROOT / service / "chalicelib"
    graph: dict[str, set[str]] = {}
    for path in modules(root):
        own = path.relative_to(root).parts[0]
        graph.setdefault(own, set()).update(packages(path, "chalicelib") - {own})

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail(f"{service}: {' -> '.join(exc.args[1])}")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_nothing_of_ours_but_common(service):
    paths = [ROOT / service / "app.py", *modules(ROOT / service / "chalicelib")]

    tops = {name.split(".")[0] for path in paths for name in imports(path)}
    assert not tops & (set(ALLOWED) - {"common"} | {"tests", "app"})


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_of_common_imports_only_what_it_may(package):
    wrong = {
        f"{path.relative_to(COMMON)} imports {top}"
        for path in modules(COMMON / package)
        for top in {name.split(".")[0] for name in imports(path)} & set(ALLOWED) - {package}
        if top not in ALLOWED[package]
    }

    assert not wrong


def is_test_module(name: str) -> bool:
    """Whether a dotted name leads to a test module or a conftest."""
    return any(part == "conftest" or part.startswith("test_") for part in name.split("."))


def test_no_module_imports_from_a_test_module_or_a_conftest():
    """What tests share lives in a module of its own: each test is read and run alone."""
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in (*SERVICES, "common", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for name in imports(path)
        if is_test_module(name)
    }

    assert not wrong


def test_every_package_of_common_has_its_rule():
    assert {path.parent.name for path in COMMON.glob("*/__init__.py")} == set(ALLOWED)
