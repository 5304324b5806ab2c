"""Attack every route of one service, and write its responses to a file as JSON.

Run as `python -m tests.access.attack SERVICE FILE`, in a process of its own because all services
have an `app`. The attempts are derived from the declared routes.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from chalice.test import HTTPResponse

from common.roles import SCOPES, Role, Scope
from common.routes import Access, Route
from delivery.paths import service as folder_of
from testkit.access_matrix import RIGHTS, Right, Who
from testkit.forgeries import forged
from tests.access import malformed_inputs
from tests.access.fixtures import Request, ServiceUnderTest, service_under_test

_ALLOWED = "the token of an allowed caller"


@dataclass(frozen=True)
class Attempt:
    """A request and its response. `kind` or `expected` decides what is right."""

    route: str
    kind: str
    name: str
    status: int
    headers: dict[str, str]
    body: str
    changed: list[str]
    expected: int = 0


class Attacker:
    """Attacks one route."""

    def __init__(self, service: ServiceUnderTest, route: Route, right: Right) -> None:
        self._service, self._declared, self._right, self._who = service, route, right, right.who
        self._route = f"{route.method} {route.path}"
        self._proper: Request = service.requests[route.method, route.path]

    def attack(self) -> Iterator[Attempt]:
        """Make all attempts that apply to the route."""
        yield self._try("granted", "a valid request")
        if self._declared.access is not Access.PUBLIC:
            for name, headers in forged(self._service.tokens, "USER#01ADMIN"):
                yield self._try("forged", name, token=None, headers=headers)
        if self._right.scope:
            yield from self._roles(self._right.scope)
        if self._who in (Who.BEARER, Who.GATEWAY):
            yield from self._invalid_secrets()
        yield from self._foreign_resources()
        yield from self._ids()
        yield from self._queries()
        yield from self._media_types()
        if self._declared.body:
            yield from self._bodies()
        yield from self._headers()

    def _roles(self, scope: Scope) -> Iterator[Attempt]:
        """The request with a token of each role, on behalf of a customer if it can be."""
        changes = {} if self._who is Who.STAFF else self._on_behalf()
        kinds = {
            (True, True): "granted",
            (True, False): "insufficient scope",
            (False, True): "on behalf",
            (False, False): "insufficient scope for foreign",
        }
        for role in Role:
            kind = kinds[self._who is Who.STAFF, scope in SCOPES[role]]
            token = self._service.staff(role)
            yield self._try(kind, f"a token of {role}", token=token, **changes)

    def _on_behalf(self) -> dict[str, Any]:
        """What names another customer: an id in the path, or userId in the body or query."""
        if self._proper.foreign:
            return {}  # the staff's token makes the customer's own resource a foreign one
        if "userId" in self._fields(self._declared.body):
            return {"body": {**self._proper.body, "userId": "USER#01AMY"}}
        return {"query": f"userId={quote(self._service.jimmy)}"}

    def _invalid_secrets(self) -> Iterator[Attempt]:
        """Requests without the secret that is a token in the body, or a header."""
        fields = self._proper.body or {}
        secrets = [field for field in ("refreshToken", "token") if field in fields]
        for name, value in (
            ("another secret", "x" * 40),
            ("a long secret", "x" * 400),
            ("odd letters", "é.😀"),
        ):
            if secrets:
                yield self._try("no secret", name, body={**self._proper.body, secrets[0]: value})
            else:
                invalid = dict.fromkeys(self._proper.headers, value)
                yield self._try("no secret", name, headers=invalid)
        if not secrets:
            yield self._try("no secret", "none", headers=dict.fromkeys(self._proper.headers, ""))
            yield self._try("no secret", "no header", headers={"Accept": "*/*"})

    def _foreign_resources(self) -> Iterator[Attempt]:
        if foreign := self._proper.foreign:
            args = {name: value for name, value in foreign.items() if name in self._proper.args}
            body = self._proper.body if args else {**self._proper.body, **foreign}
            yield self._try("foreign", "a customer", args=args, body=body)
        if self._who is not Who.CUSTOMER:
            return
        if "userId" in self._fields(self._declared.body):
            body = {**self._proper.body, "userId": "USER#01AMY"}
            yield self._try("foreign", "userId in the body", body=body)
            twice = (
                json.dumps(self._proper.body)[:-1]
                + ', "userId": "USER#01JIMMY", "userId": "USER#01AMY"}'
            )
            yield self._try("foreign", "userId twice", body=twice.replace("{,", "{"))
        if "userId" in self._fields(self._declared.query):
            yield self._try("foreign", "userId in the query", query="userId=USER%2301AMY")
            both = f"userId={quote(self._service.jimmy)}&userId=USER%2301AMY"
            yield self._try("unknown query", "userId twice in the query", query=both)

    def _ids(self) -> Iterator[Attempt]:
        for argument in self._declared.parameters:
            for name, text in malformed_inputs.IDS.items():
                yield self._try("malformed id", name, args={argument: text})

    def _queries(self) -> Iterator[Attempt]:
        for field in self._fields(self._declared.query):
            for name, text in malformed_inputs.queries(field):
                yield self._try("odd query", f"{field} is {name}", query=f"{field}={quote(text)}")
                twice = f"{field}=1&{field}={quote(text)}"
                yield self._try("odd query", f"{field} twice, and {name}", query=twice)
        yield self._try(
            "unknown query", "unknown query parameters", query="colour=red&colour=blue&&=&%00"
        )

    def _media_types(self) -> Iterator[Attempt]:
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "text/xml",
            "multipart/form-data",
        ):
            yield self._try(
                "wrong media type", kind, headers={**self._sent(), "Content-Type": kind}
            )

    def _bodies(self) -> Iterator[Attempt]:
        for name, raw, status in malformed_inputs.broken_bodies():
            yield self._try("broken body", name, body=raw, expected=status)
        for name, body, is_wrong in malformed_inputs.wrong_values(self._proper.body):
            yield self._try("wrong value" if is_wrong else "odd value", name, body=body)
        if "email" in self._fields(self._declared.body):
            for name, address in malformed_inputs.ADDRESSES.items():
                yield self._try("odd address", name, body={**self._proper.body, "email": address})
        known = self._fields(self._declared.body)
        injected = {
            name: value
            for name, value in malformed_inputs.UNKNOWN_FIELDS.items()
            if name not in known
        }
        yield self._try("injection", "unknown fields", body={**injected, **self._proper.body})
        twice = json.dumps(self._proper.body)
        if self._proper.body:
            yield self._try("granted", "every field twice", body=f"{twice[:-1]}, {twice[1:]}")

    def _headers(self) -> Iterator[Attempt]:
        if self._declared.idempotency_key:
            for name, key in (
                ("empty", ""),
                ("long", "x" * 129),
                ("odd", "schlüssel"),
                ("a space", "a b"),
            ):
                yield self._try("odd key", name, headers={**self._sent(), "Idempotency-Key": key})
        unknown = {"X-Correlation-Id": 'a"\r\nSet-Cookie: b', "X-HTTP-Method-Override": "DELETE"}
        yield self._try("granted", "unknown headers", headers={**self._sent(), **unknown})

    def _sent(self) -> dict[str, str]:
        return dict(self._proper.headers)

    @staticmethod
    def _fields(shape: Any) -> list[str]:
        return [field.encode_name for field in msgspec.structs.fields(shape)] if shape else []

    def _try(
        self,
        kind: str,
        name: str,
        *,
        token: str | None = _ALLOWED,
        args: dict[str, str] | None = None,
        query: str = "",
        body: Any = ...,
        headers: dict[str, str] | None = None,
        expected: int = 0,
    ) -> Attempt:
        """Send the valid request with these changes, by default with an allowed token."""
        path = self._proper.path(self._declared.path, **(args or {}))
        query = query or urlencode(self._proper.query)
        path += f"?{query}" if query else ""
        token = self._token() if token == _ALLOWED else token
        sent = self._proper.body if body is ... else body
        response = self._service.api.request(
            self._declared.method, path, sent, token, self._sent() if headers is None else headers
        )
        return self._record(response, kind, name, expected)

    def _token(self) -> str | None:
        if self._declared.access is Access.PUBLIC:
            return None
        is_staff = self._who is Who.STAFF
        return self._service.staff(Role.ADMIN) if is_staff else self._service.customer()

    def _record(self, response: HTTPResponse, kind: str, name: str, expected: int) -> Attempt:
        stored = [
            value
            for value in malformed_inputs.INJECTED
            if kind == "injection" and value in self._service.changed_rows()
        ]
        return Attempt(
            route=self._route,
            kind=kind,
            name=name,
            status=response.status_code,
            headers={str(name): str(value) for name, value in response.headers.items()},
            body=response.body.decode(errors="replace")[:20_000],
            changed=self._service.restore() + stored,
            expected=expected,
        )


def attack(name: str) -> dict[str, Any]:
    """Attack a service. Returns its routes, with or without authorizer, and attempts."""
    sys.path.insert(0, str(folder_of(name)))
    with service_under_test(name) as service:
        entries = [
            entry
            for ways in service.api.app.routes.values()
            for method, entry in ways.items()
            if method != "HEAD"  # as GET
        ]
        ways = {f"{entry.method} {entry.uri_pattern}": bool(entry.authorizer) for entry in entries}
        declared = importlib.import_module("app").api.routes
        known = [route for route in declared if (route.method, route.path) in RIGHTS[name]]
        attempts = [
            asdict(attempt)
            for route in known
            for attempt in Attacker(service, route, RIGHTS[name][route.method, route.path]).attack()
        ]
    scopes = {f"{each.method} {each.path}": each.scope or each.on_behalf for each in declared}
    return {"routes": ways, "scopes": scopes, "attempts": attempts}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(attack(sys.argv[1])))
