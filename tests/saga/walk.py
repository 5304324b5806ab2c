"""Walks the saga through each outcome of its tasks, as Step Functions would.

Retries are left out: what a catch sees is the error of the last attempt.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.saga.step_functions import EvaluationFailed, StepFunctions

Json = dict[str, Any]
_VARIABLE = re.compile(r"\$(\w+)")
_NEXT = re.compile(r'"(?:Next|Default)": "([^"]+)"')


@dataclass(frozen=True)
class Outcome:
    """What a task ends with: a result, or an error and its cause."""

    result: Any = None
    error: Json | None = None


@dataclass(frozen=True)
class Position:
    """A state that is entered, with its input and the variables."""

    state: str
    input: Any
    variables: Json

    @property
    def key(self) -> str:
        """Two positions with the same key go on in the same way."""
        return json.dumps([self.state, self.input, self.variables], sort_keys=True)


@dataclass(frozen=True)
class Called:
    """A task with the arguments that it was given."""

    state: str
    arguments: Json


@dataclass
class Walked:
    """What was seen on all ways."""

    problems: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)
    calls: list[Called] = field(default_factory=list)
    ends: list[Json] = field(default_factory=list)


def walk(
    definition: Json,
    given: Json,
    outcomes: Callable[[str, Json], Iterable[Outcome]],
    step_functions: StepFunctions,
) -> Walked:
    """Follow every way from the input to an end. No position is entered twice."""
    walker = _Walker(definition, outcomes, step_functions)
    seen: set[str] = set()
    ahead = [Position(definition["StartAt"], given, {})]
    while ahead:
        position = ahead.pop()
        if position.key not in seen:
            seen.add(position.key)
            ahead += walker.leave(position)
    return walker.walked


class _Walker:
    def __init__(
        self,
        definition: Json,
        outcomes: Callable[[str, Json], Iterable[Outcome]],
        step_functions: StepFunctions,
    ) -> None:
        self._states: Json = definition["States"]
        self._outcomes, self._step_functions = outcomes, step_functions
        self.walked = Walked()

    def leave(self, position: Position) -> Iterator[Position]:
        """The positions that can follow."""
        self.walked.states.add(position.state)
        state = self._states[position.state]
        yield from getattr(self, f"_leave_{state['Type'].lower()}")(position, state)

    def _leave_task(self, position: Position, state: Json) -> Iterator[Position]:
        asked = {key: state[key] for key in ("TimeoutSeconds", "Arguments")}
        if (given := self._evaluate(asked, position)) is None:
            return
        if not (isinstance(given["TimeoutSeconds"], int) and given["TimeoutSeconds"] > 0):
            self._report(position, "TimeoutSeconds is no whole number of seconds")
        self.walked.calls.append(Called(position.state, given["Arguments"]))
        indifferent: list[Json] = []
        for outcome in self._outcomes(position.state, state):
            way = state if outcome.error is None else _catch_of(state, outcome.error)
            if way is None:
                self._report(position, f"nothing catches {outcome.error}")
            elif outcome.error is None and "$states.result" in json.dumps(_templates(way)):
                yield from self._go_on(position, way, result=outcome.result)
            elif outcome.error and "$states.errorOutput" in json.dumps(_templates(way)):
                yield from self._go_on(position, way, errorOutput=outcome.error)
            elif way not in indifferent:  # all such outcomes go on alike
                indifferent.append(way)
                yield from self._go_on(position, way)

    def _leave_choice(self, position: Position, state: Json) -> Iterator[Position]:
        for rule in state["Choices"]:
            holds = self._evaluate(rule["Condition"], position)
            if not isinstance(holds, bool):
                self._report(position, f"{rule['Condition']} is {holds!r}, neither true nor false")
                return
            if holds:
                yield from self._go_on(position, rule)
                return
        yield from self._go_on(position, {**state, "Next": state["Default"]})

    def _leave_pass(self, position: Position, state: Json) -> Iterator[Position]:
        yield from self._go_on(position, state)

    def _leave_wait(self, position: Position, state: Json) -> Iterator[Position]:
        yield from self._go_on(position, state)

    def _leave_succeed(self, position: Position, state: Json) -> Iterator[Position]:
        yield from self._go_on(position, {**state, "End": True})

    def _leave_fail(self, position: Position, state: Json) -> Iterator[Position]:
        ended = self._evaluate({key: state[key] for key in ("Error", "Cause")}, position)
        if ended is not None:
            if not all(isinstance(value, str) for value in ended.values()):
                self._report(position, f"Error and Cause are no texts: {ended}")
            self.walked.ends.append(ended)
        yield from ()

    def _go_on(self, position: Position, way: Json, **states: Any) -> Iterator[Position]:
        """Evaluate Assign and Output, which both see the variables as before."""
        default = next(iter(states.values()), position.input)
        template = _templates(way)
        evaluated = self._evaluate(template, position, **states) if template else {}
        if evaluated is None:
            return
        output = evaluated.get("Output", default)
        if way.get("End"):
            self.walked.ends.append(output)
            return
        following = way["Next"]
        known = {**position.variables, **evaluated.get("Assign", {})}
        variables = {name: known[name] for name in known.keys() & self._read_from(following)}
        reads_input = "$states.input" in json.dumps(self._states[following])
        yield Position(following, output if reads_input else None, variables)

    @cache  # noqa: B019 - lives as long as a walk
    def _read_from(self, state: str) -> frozenset[str]:
        """The variables that the state, or one that can follow it, reads."""
        reached, ahead = set(), [state]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += _NEXT.findall(json.dumps(self._states[name]))
        return frozenset(
            variable
            for name in reached
            for expression in expressions(self._states[name])
            for variable in _VARIABLE.findall(expression)
        )

    def _evaluate(self, template: Any, position: Position, **states: Any) -> Any:
        self.walked.templates.update(expressions(template))
        context = {"Task": {"Token": "token"}}
        known = {"input": position.input, "context": context, **states}
        try:
            return self._step_functions.evaluate(template, {**position.variables, "states": known})
        except EvaluationFailed as exc:
            self._report(position, f"{exc} with {_short({**position.variables, **states})}")
            return None

    def _report(self, position: Position, problem: str) -> None:
        self.walked.problems.add(f"{position.state}: {problem}")


def _catch_of(state: Json, error: Json) -> Json | None:
    names = {error.get("Error"), "States.ALL"}
    return next((one for one in state["Catch"] if names & set(one["ErrorEquals"])), None)


def _templates(way: Json) -> Json:
    return {key: way[key] for key in ("Assign", "Output") if key in way}


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression in a value."""
    if isinstance(value, dict):
        for one in value.values():
            yield from expressions(one)
    elif isinstance(value, list):
        for one in value:
            yield from expressions(one)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value


def _short(values: Mapping[str, Any]) -> str:
    return json.dumps({key: json.dumps(value)[:200] for key, value in values.items()})
