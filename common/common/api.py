"""A service's HTTP API and functions, declared as data beside each handler.

    api = Api("cart-service")
    app, authorizer = api.app, api.authorizer  # Chalice finds both by these names

    @api.post(
        "/cart",
        summary="Add a product to the cart",
        body=AddToCart,
        returns=AddedToCart,
        errors=[ProductNotFound, CartFull, IdempotencyKeyReused],
        idempotency_key=True,
    )
    def add_to_cart(request: Request[AddToCart]) -> AddedToCart:
        return service.add_item(request.caller.user_id, request.body, request.idempotency_key)

`docgen.openapi` publishes what is declared: the operation is called as the handler, in
camelCase; errors by their class name and `description`. What the framework itself refuses (the
body, the query, ids in the path, the token, the key) is added to a route's errors.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar, Generic, TypeVar, Unpack, cast

import msgspec
from chalice import Chalice, ChaliceViewError, Response
from chalice.app import MultiDict
from chalice.app import Request as ChaliceRequest

from common import acts, auth, log, security_headers, step_input
from common.pages import Page
from common.routes import Access, Declared, Function, InvalidIdempotencyKey, Route
from common.schemas import parse_body, parse_query, reject_unknown_parameters

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_IPV6_PREFIX = 64
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_retry_after: ContextVar[int | None] = ContextVar("retry_after", default=None)

Input = TypeVar("Input", covariant=True)
Output = TypeVar("Output")
Event = TypeVar("Event", bound=msgspec.Struct)
Handler = TypeVar("Handler", bound=Callable[..., Any])


class Request(Generic[Input]):
    """What a handler gets: `body` or `query` are parsed, whichever the route declares."""

    def __init__(self, route: Route, request: ChaliceRequest) -> None:
        self.headers: Mapping[str, str] = request.headers
        self._request = request
        self._route = route
        acts.begin_request(route.operation_id)
        if route.scope:
            auth.require_scope(self.caller, route.scope)
        parameters = request.query_params or MultiDict({})
        values = {name: parameters.getlist(name) for name in parameters}
        reject_unknown_parameters(values, route.query)
        self._input: Any = None
        if route.body:
            self._input = parse_body(request.raw_body, route.body)
        elif route.query:
            self._input = parse_query(parameters, route.query)
        self.idempotency_key = _read_key(request) if route.idempotency_key else None

    @property
    def body(self) -> Input:
        """The JSON body, as the route's `body`."""
        body: Input = self._input
        return body

    @property
    def query(self) -> Input:
        """The query string, as the route's `query`."""
        query: Input = self._input
        return query

    @property
    def caller(self) -> auth.Caller:
        """Who calls, from the access token. Only on routes that need one."""
        return auth.read_caller(self._request)

    @property
    def verified_caller(self) -> auth.Caller:
        """Who calls a public route that needs a token for this request alone.

        No authorizer has verified it: the Lambda reads the public keys.

        Raises: InvalidToken.
        """
        return auth.verify_caller(self.headers.get("Authorization", ""))

    def acting_for(self, user_id: str | None) -> str:
        """Return whom the request is for: the caller, or the user whom staff names.

        Raises: NotYours; InvalidId.
        """
        assert self._route.on_behalf, f"{self._route.path} declares no scope on_behalf"
        return auth.acting_for(self.caller, user_id, self._route.on_behalf)

    @property
    def required_idempotency_key(self) -> str:
        """The Idempotency-Key, on routes that do not take a request without one.

        Raises: InvalidIdempotencyKey.
        """
        if self.idempotency_key is None:
            raise InvalidIdempotencyKey("Idempotency-Key: expected one; a repeat would count twice")
        return self.idempotency_key

    @property
    def source(self) -> str:
        """The client's network as API Gateway saw it: an IPv4 address or an IPv6 /64.

        X-Forwarded-For can be forged, and a provider gives one customer a whole /64 (RFC 6177).
        """
        return _network(str(self._request.context["identity"]["sourceIp"]))

    @property
    def raw_body(self) -> bytes:
        """The body as it came, for signatures."""
        raw = self._request.raw_body
        return raw.encode() if isinstance(raw, str) else raw


class UndeclaredError(AssertionError):
    """A handler raised an error that its route does not declare."""


class Api:
    """One service: its Chalice app, its authorizer, and what it declares."""

    # Set by the test kit: a handler that raises what is not published fails its test.
    enforce_declarations: ClassVar[bool] = False

    def __init__(self, name: str, cors_headers: Sequence[str] = (), staff_acts: str = "") -> None:
        """Create the app.

        `cors_headers` may be sent by browsers besides the shop's own. `staff_acts` is the table
        of what staff change in this service.
        """
        acts.table = staff_acts
        self.app = create_app(name, cors_headers)
        self.authorizer = auth.jwt_authorizer(self.app)
        self.routes: list[Route] = []
        self.functions: list[Function] = []

    def get(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        """Declare a GET route."""
        return self._route("GET", path, declared)

    def post(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        """Declare a POST route."""
        return self._route("POST", path, declared)

    def put(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        """Declare a PUT route."""
        return self._route("PUT", path, declared)

    def patch(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        """Declare a PATCH route."""
        return self._route("PATCH", path, declared)

    def delete(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        """Declare a DELETE route."""
        return self._route("DELETE", path, declared)

    def _route(self, method: str, path: str, declared: Declared) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            name = handler.__name__
            declared.setdefault("operation_id", camel_case(name))
            route = Route(method, path, **declared)
            self.routes.append(route)
            authorizer = None if route.access is Access.PUBLIC else self.authorizer
            methods = ["GET", "HEAD"] if method == "GET" else [method]
            self.app.route(path, methods=methods, authorizer=authorizer, name=name)(
                self._view(route, handler)
            )
            return handler

        return declare

    def function(
        self, name: str, *, takes: type[Event], returns: Any
    ) -> Callable[[Callable[[Event], Output]], Callable[[Event], Output]]:
        """Declare a Lambda without a route: its handler gets the event as `takes`.

        Raises: StepInputInvalid from the Lambda, where the event does not match `takes`.
        """

        def declare(handler: Callable[[Event], Output]) -> Callable[[Event], Output]:
            self.functions.append(Function(name, takes, returns))

            @wraps(handler)
            def run(event: Any, context: Any) -> Any:
                return msgspec.to_builtins(handler(step_input.parse(takes, event)))

            return cast(Callable[[Event], Output], self.app.lambda_function(name=name)(run))

        return declare

    def _view(self, route: Route, handler: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(handler)
        def view(**parameters: str) -> Response:
            assert self.app.current_request is not None, "only a route has a request"
            try:
                answer = handler(Request(route, self.app.current_request), **parameters)
            except ChaliceViewError as exc:
                _retry_after.set(getattr(exc, "retry_after", None))
                if self.enforce_declarations and type(exc) not in route.all_errors:
                    raise UndeclaredError(
                        f"{route.method} {route.path} does not declare {type(exc).__name__}"
                    ) from exc
                raise
            finally:
                acts.begin_request("")
            return _response(route, answer)

        return view


def create_app(name: str, cors_headers: Sequence[str] = ()) -> Chalice:
    """Create a Chalice app with the shop's CORS, headers, logging and JSON."""
    app = Chalice(app_name=name, configure_logs=False)
    app.api.cors = security_headers.cors(tuple(cors_headers)) or False
    app.log = log.logger  # type: ignore[assignment]  # what Chalice logs by itself is JSON, too
    log.instrument(app)

    @app.middleware("http")
    def finish_response(event: Any, get_response: Any) -> Response:
        _retry_after.set(None)
        response: Response = get_response(event)
        log.bind_context(response.body)
        if (seconds := _retry_after.get()) is not None and response.status_code >= 400:
            response.headers["Retry-After"] = str(seconds)
        security_headers.finish(response, event.headers)
        if not isinstance(response.body, str | bytes):
            response.body = _ENCODER.encode(response.body).decode()
            response.headers.setdefault("Content-Type", "application/json")
        if event.method == "HEAD":
            response.body = ""
        return response

    return app


def camel_case(name: str) -> str:
    """Spell a Python name as on the wire: `add_to_cart` is `addToCart`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # API Gateway's own console says "test-invoke-source-ip"
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed.packed, _IPV6_PREFIX), strict=False))


def _response(route: Route, answer: Any) -> Response:
    response = Response(body="" if answer is None else answer, status_code=route.status)
    if isinstance(answer, Page):
        response.body = answer.items
        if answer.cursor:
            response.headers["X-Next-Cursor"] = answer.cursor
    return response


def _read_key(request: ChaliceRequest) -> str | None:
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey("Idempotency-Key: expected 1 to 128 visible ASCII characters")
    return key
