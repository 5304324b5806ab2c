"""Generate docs/state-machine.md, the diagram of the saga: `make docs`."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from delivery.cfn import CloudFormation
from delivery.paths import ROOT

PAGE = ROOT / "docs/state-machine.md"
TEMPLATE = ROOT / "checkout-orchestrator/state-machine.yml"

_HEAD = """# The checkout's state machine

Generated from `checkout-orchestrator/state-machine.yml` by `make docs`; a test fails while they
differ. An arrow with error names is taken when one of these errors is caught, after the retries;
*any other error* is the rest. [checkout-orchestrator](../checkout-orchestrator/README.md)
describes each state and its compensation.

"""
_ANY = "States.ALL"
States = Mapping[str, Any]


def page(definition: Mapping[str, Any] | None = None) -> str:
    """The page that a person reads."""
    machine = definition or stored()
    picture = ["stateDiagram-v2", *_lines(machine, "    ")]
    return f"{_HEAD}```mermaid\n{chr(10).join(picture)}\n```\n\n{_table(machine['States'])}"


def stored() -> Mapping[str, Any]:
    """The definition as it is deployed."""
    properties: Mapping[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=CloudFormation)[
        "Resources"
    ]["Checkout"]["Properties"]
    definition: Mapping[str, Any] = properties["Definition"]
    return definition


def main() -> None:
    """Write it."""
    PAGE.write_text(page())


def _lines(machine: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield from _declared(name, state, indent)
    yield f"{indent}[*] --> {_key(machine['StartAt'])}"
    for name, state in machine["States"].items():
        for target, label in _ways(state):
            yield f"{indent}{_key(name)} --> {target}{f': {label}' if label else ''}"


def _declared(name: str, state: States, indent: str) -> Iterator[str]:
    """What Mermaid has to know of a state before an arrow names it."""
    if state["Type"] == "Choice":
        yield f"{indent}state {_key(name)} <<choice>>"
    elif state["Type"] == "Parallel":
        yield f"{indent}state {_key(name)} {{"
        for place, branch in enumerate(state["Branches"]):
            yield from [f"{indent}    --"] if place else []
            yield from _lines(branch, f"{indent}    ")
        yield f"{indent}}}"


def _ways(state: States) -> Iterator[tuple[str, str]]:
    """Where a state goes on, and when."""
    for choice in state.get("Choices", []):
        yield _key(choice["Next"]), choice["Condition"].strip("{}% ").replace("$", "")
    if "Default" in state:
        yield _key(state["Default"]), "otherwise"
    if "Next" in state:
        yield _key(state["Next"]), ""
    for catch in state.get("Catch", []):
        names = ", ".join(name for name in catch["ErrorEquals"] if name != _ANY)
        yield _key(catch["Next"]), names or "any other error"
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield "[*]", ""


def _key(name: str) -> str:
    """A state's name as Mermaid takes it."""
    return "".join(letter for letter in name if letter.isalnum())


def _table(states: States) -> str:
    rows = "".join(
        f"| {name} | {state['Comment']} |\n" for name, state in _all(states) if "Comment" in state
    )
    return f"| state | purpose |\n|---|---|\n{rows}"


def _all(states: States) -> Iterator[tuple[str, States]]:
    for name, state in states.items():
        yield name, state
        for branch in state.get("Branches", []):
            yield from _all(branch["States"])


if __name__ == "__main__":
    main()
