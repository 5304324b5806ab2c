"""What a route takes and answers, read from its view in app.py and from the verb that the view calls."""

import ast
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chalice import Response

from common import http
from docgen.openapi.code import Code, Instance, NotTold, hints


@dataclass(frozen=True)
class Answer:
    """What comes with success: its status, its headers, the type of its body (None without one), and the verb that makes it."""

    status: int
    headers: tuple[str, ...]
    body: Any
    verb: Any


class View:
    """A view of app.py, with the functions of app.py that it calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.code = Code(function)
        self.calls = [
            (called, code, call) for code in _near(self.code) for called, call in code.calls()
        ]

    @property
    def body(self) -> Any:
        """The Struct that `http.body` checks the body against, if the view reads one."""
        return self._shape(http.body)

    @property
    def query(self) -> Any:
        """The Struct that `http.query` checks the query string against, if the view reads it."""
        return self._shape(http.query)

    @property
    def is_keyed(self) -> bool:
        """Whether it looks at the Idempotency-Key."""
        return any(called is http.idempotency_key for called, _, _ in self.calls)

    @property
    def headers(self) -> list[str]:
        """Headers of its own that it reads, by `headers.get`."""
        read = [
            _text(code, call.args[0])
            for _, code, call in self.calls
            if ast.unparse(call.func).endswith(".headers.get")
        ]
        return sorted({name for name in read if isinstance(name, str)})

    @property
    def answer(self) -> Answer:
        """What it returns; NotTold if the code does not tell."""
        return _answer(self.code)

    def _shape(self, reader: Any) -> Any:
        shapes = {code.meant(call.args[1]) for called, code, call in self.calls if called is reader}
        if len(shapes) > 1:
            raise NotTold(
                f"{self.code}: reads the same thing as {' and as '.join(map(str, shapes))}"
            )
        return next(iter(shapes), None)


def _near(code: Code, seen: frozenset[Any] = frozenset()) -> Iterator[Code]:
    """The function, and those of its own module that it calls."""
    yield code
    for called, _ in code.calls():
        is_near = inspect.isfunction(called) and called.__module__ == code.function.__module__
        if is_near and called not in seen | {code.function}:
            yield from _near(Code(called), seen | {code.function})


def _answer(code: Code) -> Answer:
    returned = code.returned()
    if len(returned) != 1:
        raise NotTold(f"{code}: a view returns in one place, so that its answer can be documented")
    value = returned[0]
    called = code.meant(value.func) if isinstance(value, ast.Call) else None
    if inspect.isfunction(called) and called.__module__ == http.__name__:
        assert isinstance(value, ast.Call), "only a call is of a function"
        return _dressed(code, called, value)
    if inspect.isfunction(called) and hints(called).get("return") is Response:
        raise NotTold(
            f"{code}: return what common.http makes, so that its status can be documented"
        )
    return Answer(200, (), code.type_of(value), called or _verb(code, value))


def _dressed(code: Code, dress: Callable[..., Response], call: ast.Call) -> Answer:
    """The answer that a function of common.http makes: it is asked for one, with signs in the place of values."""
    values = [pair for argument in call.args for pair in _spread(code, argument)]
    names = [name for name, _ in zip(inspect.signature(dress).parameters, values, strict=False)]
    made = dress(*names)
    kinds = dict(zip(names, values, strict=True))
    body, verb = kinds.get(str(made.body), (None, None))
    return Answer(made.status_code, tuple(made.headers), body, verb)


def _spread(code: Code, argument: ast.expr) -> Iterator[tuple[Any, Any]]:
    """The type of each value that an argument hands over, and the verb that it comes from."""
    if isinstance(argument, ast.Starred):
        verb = _verb(code, argument.value)
        yield from ((kind, verb) for kind in typing.get_args(code.type_of(argument.value)))
    else:
        found = code.meant(argument)
        yield (found.type if isinstance(found, Instance) else None), _verb(code, argument)


def _text(code: Code, value: ast.expr) -> Any:
    return value.value if isinstance(value, ast.Constant) else code.meant(value)


def _verb(code: Code, value: ast.expr) -> Any:
    """The function whose answer a value is."""
    if isinstance(value, ast.Call):
        return code.meant(value.func)
    if isinstance(value, ast.Name):
        origins = [origin for origin, _ in code.assigned(value.id) if isinstance(origin, ast.Call)]
        return code.meant(origins[0].func) if len(origins) == 1 else None
    return None
