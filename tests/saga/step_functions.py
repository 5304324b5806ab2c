"""The reference JSONata, and an independent parser of the States Language."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

_SCRIPT = Path(__file__).with_suffix(".mjs")


class EvaluationFailed(Exception):
    """Step Functions would fail with States.QueryEvaluationError."""


class StepFunctions:
    """A Node process with both libraries that answers one line at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Self]:
        """Run it for as long as the context lasts."""
        node = shutil.which("node")
        assert node, "Node is missing"
        pipe = subprocess.PIPE
        with subprocess.Popen([node, _SCRIPT], stdin=pipe, stdout=pipe, text=True) as process:
            yield cls(process)
            assert process.stdin
            process.stdin.close()

    def evaluate(self, template: Any, bindings: Mapping[str, Any]) -> Any:
        """Evaluate every expression in the template. Raises: EvaluationFailed."""
        answer = self._ask({"template": template, "bindings": bindings})
        if "problem" in answer:
            raise EvaluationFailed(answer["problem"])
        return answer["value"]

    def find_errors(self, definition: Mapping[str, Any]) -> list[str]:
        """Return what is wrong in a definition."""
        errors: list[str] = self._ask({"definition": _on_one_line(definition)})["value"]
        return errors

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _on_one_line(value: Any) -> Any:
    """Replace line breaks in expressions, which the parser does not know."""
    if isinstance(value, dict):
        return {key: _on_one_line(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_on_one_line(one) for one in value]
    return value.replace("\n", " ") if isinstance(value, str) else value
