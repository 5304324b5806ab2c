"""Headers of every response for browsers: security, and CORS by origin."""

from collections.abc import Mapping

from chalice import CORSConfig, Response

from common import log, settings

ORIGINS = "CORS_ORIGINS"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # most responses are personal; a handler may set another
}
# JSON that a browser is made to show as a page runs no script, and is not framed.
POLICY = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}

_SENT = ("Authorization", "Content-Type", "Idempotency-Key", log.HEADER)
_READ = ["X-Next-Cursor", "Retry-After", log.HEADER]


def origins() -> list[str]:
    """Return the allowed origins from CORS_ORIGINS: separated by blanks, `*` for all."""
    return (settings.optional(ORIGINS) or "").split()


def cors(own: tuple[str, ...] = ()) -> CORSConfig | None:
    """Build Chalice's CORS settings, with `own` request headers.

    None without other origins.

    Chalice knows one origin, the first: `finish` sets the right one, and delivery.templates for
    preflight requests.
    """
    allowed = origins()
    if not allowed:
        return None
    return CORSConfig(
        allow_origin=allowed[0], allow_headers=[*_SENT, *own], expose_headers=_READ, max_age=600
    )


def finish(response: Response, request_headers: Mapping[str, str]) -> None:
    """Set a response's security and CORS headers."""
    for name, value in {**SAFE, **POLICY}.items():
        response.headers.setdefault(name, value)
    response.headers.pop(ALLOW_ORIGIN, None)
    if not (allowed := origins()):
        return
    response.headers["Vary"] = "Origin"  # so that no cache serves one origin's response to another
    origin = request_headers.get("origin", "")
    if origin in allowed or "*" in allowed:
        response.headers[ALLOW_ORIGIN] = "*" if "*" in allowed else origin
