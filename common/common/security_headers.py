"""What browsers are told with every answer: what to make of it, and which web pages may read it."""

from collections.abc import Mapping

from chalice import CORSConfig, Response

from common import log, settings

ORIGINS = "CORS_ORIGINS"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # nearly every answer is somebody's own; a view may say otherwise
}
# JSON that a browser is made to show as a page runs nothing, and stands in nobody's frame.
POLICY = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}

_SENT = ("Authorization", "Content-Type", "Idempotency-Key", log.HEADER)
_READ = ["X-Next-Cursor", "Retry-After", log.HEADER]


def origins() -> list[str]:
    """The origins whose web pages may use the shop, from the setting CORS_ORIGINS: apart by blanks, `*` for all; none if it is unset."""
    return (settings.optional(ORIGINS) or "").split()


def cors(own: tuple[str, ...] = ()) -> CORSConfig | None:
    """What Chalice tells browsers, which may send `own` headers besides the shop's; None where no other origin may ask.

    It knows one origin only, the first one: `finish` names the right one, and delivery.templates does for preflight requests.
    """
    allowed = origins()
    if not allowed:
        return None
    return CORSConfig(
        allow_origin=allowed[0], allow_headers=[*_SENT, *own], expose_headers=_READ, max_age=600
    )


def finish(response: Response, asked: Mapping[str, str]) -> None:
    """Give an answer its headers; `asked` are those of the request."""
    for name, value in {**SAFE, **POLICY}.items():
        response.headers.setdefault(name, value)
    response.headers.pop(ALLOW_ORIGIN, None)
    if not (allowed := origins()):
        return
    response.headers["Vary"] = "Origin"  # nobody on the way gives one origin's answer to another
    origin = asked.get("origin", "")
    if origin in allowed or "*" in allowed:
        response.headers[ALLOW_ORIGIN] = "*" if "*" in allowed else origin
