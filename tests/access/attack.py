"""Asks one service for everything that it must refuse, and writes down what it answered: `python -m tests.access.attack SERVICE FILE`.

In a process of its own, since all six have an `app`. What is asked is made from the app's own routes.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from chalice.test import HTTPResponse

from common.api import Access, Route
from delivery.paths import service as folder_of
from testkit.access_matrix import RIGHTS, Who
from testkit.forgeries import forged
from tests.access import malformed_inputs
from tests.access.fixtures import Request, World, world

_ITS_OWN = "the token of whoever may"


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: `kind` says what all of its kind must come to, `wanted` what this one must."""

    route: str
    kind: str
    attempt: str
    status: int
    headers: dict[str, str]
    body: str
    changed: list[str]
    wanted: int = 0


class Attacker:
    """Tries one route."""

    def __init__(self, at: World, route: Route, who: Who) -> None:
        self._at, self._declared, self._who = at, route, who
        self._route = f"{route.method} {route.path}"
        self._proper: Request = at.requests[route.method, route.path]

    def everything(self) -> Iterator[Answer]:
        """All attempts that make sense for it."""
        yield self._tried("granted", "a proper request")
        if self._declared.access is not Access.PUBLIC:
            for name, headers in forged(self._at.tokens, "USER#01ADMIN"):
                yield self._tried("forged", name, token=None, headers=headers)
        if self._who is Who.ADMIN:
            yield self._tried("not an admin", "a customer", token=self._at.customer())
        if self._who in (Who.BEARER, Who.GATEWAY):
            yield from self._without_its_secret()
        yield from self._of_somebody_else()
        yield from self._ids()
        yield from self._queries()
        yield from self._media_types()
        if self._declared.body:
            yield from self._bodies()
        yield from self._headers()

    def _without_its_secret(self) -> Iterator[Answer]:
        """The secret is a token in the body, or a header."""
        secrets = [name for name in ("refreshToken", "token") if name in (self._proper.body or {})]
        for what, value in (
            ("another secret", "x" * 40),
            ("a long secret", "x" * 400),
            ("odd letters", "é.😀"),
        ):
            if secrets:
                yield self._tried("no secret", what, body={**self._proper.body, secrets[0]: value})
            else:
                worthless = dict.fromkeys(self._proper.headers, value)
                yield self._tried("no secret", what, headers=worthless)
        if not secrets:
            yield self._tried("no secret", "none", headers=dict.fromkeys(self._proper.headers, ""))
            yield self._tried("no secret", "no header", headers={"Accept": "*/*"})

    def _of_somebody_else(self) -> Iterator[Answer]:
        if foreign := self._proper.foreign:
            args = {name: value for name, value in foreign.items() if name in self._proper.args}
            body = self._proper.body if args else {**self._proper.body, **foreign}
            yield self._tried("somebody else's", "a customer", args=args, body=body)
        if self._who is not Who.CUSTOMER:
            return
        if "userId" in self._fields(self._declared.body):
            body = {**self._proper.body, "userId": "USER#01AMY"}
            yield self._tried("somebody else's", "userId in the body", body=body)
            twice = (
                json.dumps(self._proper.body)[:-1]
                + ', "userId": "USER#01JIMMY", "userId": "USER#01AMY"}'
            )
            yield self._tried("somebody else's", "userId twice", body=twice.replace("{,", "{"))
        if "userId" in self._fields(self._declared.query):
            yield self._tried("somebody else's", "userId in the query", query="userId=USER%2301AMY")
            both = f"userId={quote(self._at.jimmy)}&userId=USER%2301AMY"
            yield self._tried("somebody else's", "userId twice in the query", query=both)

    def _ids(self) -> Iterator[Answer]:
        for argument in self._declared.parameters:
            for name, text in malformed_inputs.IDS.items():
                yield self._tried("malformed id", name, args={argument: text})

    def _queries(self) -> Iterator[Answer]:
        for field in self._fields(self._declared.query):
            for name, text in malformed_inputs.queries(field):
                yield self._tried("odd query", f"{field} is {name}", query=f"{field}={quote(text)}")
                twice = f"{field}=1&{field}={quote(text)}"
                yield self._tried("odd query", f"{field} twice, and {name}", query=twice)
        yield self._tried(
            "granted", "a query that means nothing", query="colour=red&colour=blue&&=&%00"
        )

    def _media_types(self) -> Iterator[Answer]:
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "text/xml",
            "multipart/form-data",
        ):
            yield self._tried(
                "wrong media type", kind, headers={**self._sent(), "Content-Type": kind}
            )

    def _bodies(self) -> Iterator[Answer]:
        for name, raw, status in malformed_inputs.broken_bodies():
            yield self._tried("broken body", name, body=raw, wanted=status)
        for name, body, is_wrong in malformed_inputs.wrong_values(self._proper.body):
            yield self._tried("wrong value" if is_wrong else "odd value", name, body=body)
        if "email" in self._fields(self._declared.body):
            for name, address in malformed_inputs.ADDRESSES.items():
                yield self._tried("odd address", name, body={**self._proper.body, "email": address})
        known = self._fields(self._declared.body)
        wishes = {name: wish for name, wish in malformed_inputs.WISHES.items() if name not in known}
        yield self._tried("wishful", "more than it takes", body={**wishes, **self._proper.body})
        twice = json.dumps(self._proper.body)
        if self._proper.body:
            yield self._tried("granted", "every field twice", body=f"{twice[:-1]}, {twice[1:]}")

    def _headers(self) -> Iterator[Answer]:
        if self._declared.idempotency_key:
            for name, key in (
                ("empty", ""),
                ("long", "x" * 129),
                ("odd", "schlüssel"),
                ("a space", "a b"),
            ):
                yield self._tried("odd key", name, headers={**self._sent(), "Idempotency-Key": key})
        forging = {"X-Correlation-Id": 'a"\r\nSet-Cookie: b', "X-HTTP-Method-Override": "DELETE"}
        yield self._tried(
            "granted", "headers that mean nothing", headers={**self._sent(), **forging}
        )

    def _sent(self) -> dict[str, str]:
        return dict(self._proper.headers)

    @staticmethod
    def _fields(shape: Any) -> list[str]:
        return [field.encode_name for field in msgspec.structs.fields(shape)] if shape else []

    def _tried(
        self,
        kind: str,
        attempt: str,
        *,
        token: str | None = _ITS_OWN,
        args: dict[str, str] | None = None,
        query: str = "",
        body: Any = ...,
        headers: dict[str, str] | None = None,
        wanted: int = 0,
    ) -> Answer:
        """The proper request with something of it changed; with the token of whoever may, unless there is another."""
        path = self._proper.path(self._declared.path, **(args or {})) + (
            f"?{query}" if query else ""
        )
        given = self._token() if token == _ITS_OWN else token
        sent = self._proper.body if body is ... else body
        answer = self._at.api.request(
            self._declared.method, path, sent, given, self._sent() if headers is None else headers
        )
        return self._noted(answer, kind, attempt, wanted)

    def _token(self) -> str | None:
        if self._declared.access is Access.PUBLIC:
            return None
        return self._at.tokens.admin() if self._who is Who.ADMIN else self._at.customer()

    def _noted(self, answer: HTTPResponse, kind: str, attempt: str, wanted: int) -> Answer:
        believed = [
            sign
            for sign in malformed_inputs.WISHED
            if kind == "wishful" and sign in self._at.written()
        ]
        return Answer(
            route=self._route,
            kind=kind,
            attempt=attempt,
            status=answer.status_code,
            headers={str(name): str(value) for name, value in answer.headers.items()},
            body=answer.body.decode(errors="replace")[:20_000],
            changed=self._at.changed() + believed,
            wanted=wanted,
        )


def attack(name: str) -> dict[str, Any]:
    """The routes of a service, whether each has an authorizer, and all of its answers."""
    sys.path.insert(0, str(folder_of(name)))
    with world(name) as at:
        entries = [entry for ways in at.api.app.routes.values() for entry in ways.values()]
        ways = {f"{entry.method} {entry.uri_pattern}": bool(entry.authorizer) for entry in entries}
        declared = importlib.import_module("app").api.routes
        known = [route for route in declared if (route.method, route.path) in RIGHTS[name]]
        answers = [
            asdict(answer)
            for route in known
            for answer in Attacker(
                at, route, RIGHTS[name][route.method, route.path].who
            ).everything()
        ]
    return {"routes": ways, "answers": answers}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(attack(sys.argv[1])))
