"""What routes and other Lambdas declare: `common.api` reads it, docgen publishes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Required, TypedDict

import msgspec
from chalice import BadRequestError, ChaliceViewError

from common import auth, ids
from common.roles import Scope
from common.schemas import BodyTooLarge, InvalidBody, InvalidQuery

_PARAMETER = re.compile(r"\{(\w+)\}")

Error = type[ChaliceViewError]


class InvalidIdempotencyKey(BadRequestError):
    """The Idempotency-Key header is empty, too long, or not visible ASCII."""

    description = "`Idempotency-Key`: expected 1 to 128 visible ASCII characters."


class Access(StrEnum):
    """Who may call a route. PUBLIC routes have no authorizer."""

    PUBLIC = "public"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Header:
    """A request header that a route reads besides the shop's own."""

    name: str
    description: str


class Declared(TypedDict, total=False):
    """What a route declares. Texts are Markdown for customers of the API.

    A route has a body or a query, not both; its handler gets them as a Request, and the path's
    parameters by name. The handler returns what `returns` says: a Struct, a list, a Page, or None.

    `scope` is needed by every caller. With `on_behalf` customers act on what is their own, and
    staff with that scope on anybody's.
    """

    summary: Required[str]
    returns: Any
    status: int
    access: Access
    scope: Scope
    on_behalf: Scope
    body: type[msgspec.Struct]
    query: type[msgspec.Struct]
    errors: Sequence[Error]
    idempotency_key: bool
    headers: Sequence[Header]
    description: str
    operation_id: str


@dataclass(frozen=True)
class Route:
    """What is published of a route."""

    method: str
    path: str
    summary: str
    operation_id: str = ""
    access: Access = Access.CUSTOMER
    scope: Scope | None = None
    on_behalf: Scope | None = None
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    returns: Any = None
    status: int = 200
    errors: Sequence[Error] = ()
    idempotency_key: bool = False
    headers: Sequence[Header] = ()
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse a route with a body and a query, and a scope without a caller."""
        assert not (self.body and self.query), f"{self.method} {self.path}: body or query"
        is_public = self.access is Access.PUBLIC
        assert not (is_public and (self.scope or self.on_behalf)), f"{self.path}: who calls?"

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters, in snake_case."""
        return _PARAMETER.findall(self.path)

    @property
    def all_errors(self) -> frozenset[Error]:
        """The declared errors, and those that come with what the route takes."""
        implied: list[tuple[object, Sequence[Error]]] = [
            (self.body, (InvalidBody, BodyTooLarge)),
            (True, (InvalidQuery,)),
            (self.idempotency_key, (InvalidIdempotencyKey,)),
            (self.scope, (auth.InsufficientScope,)),
            (self.parameters, (ids.InvalidId,)),
        ]
        return frozenset(self.errors).union(*(errors for given, errors in implied if given))


@dataclass(frozen=True)
class Function:
    """A Lambda without a route: a saga step, or an operation for administrators."""

    name: str
    takes: type[msgspec.Struct]
    returns: Any
