"""Answer the front page and the sent mails, on this machine's own addresses only."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from devcloud import sent_mail, shop
from devcloud.pages import facts
from devcloud.pages.tokens import Accounts

_HERE = Path(__file__).parent
_STATIC = {"style.css": "text/css", "copy.js": "text/javascript"}
_MAX_MAILS = 200
# A page of another site that resolves to this machine must not read tokens: DNS rebinding.
_OWN_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:;"
        " frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}
# A mail's own HTML: it is shown, and may load and run nothing.
_MAIL_HEADERS = _HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    ),
}
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)

View = Callable[[Request], Response]


def routes(
    directory: Path, table: Callable[[], dict[str, str]], accounts: Accounts
) -> list[BaseRoute]:
    """Return the routes of a shop's pages. `table` maps path prefixes to addresses."""

    def front_page(request: Request) -> Response:
        shop_facts = facts.gather(directory, table(), accounts)
        if not _asks_for_html(request):
            return JSONResponse(shop_facts.as_json(table()), headers=_HEADERS)
        return _page("index.html", facts=shop_facts, minutes_left=facts.minutes_left)

    def mails(request: Request) -> Response:
        return _answer_mails(request, directory, lambda aws: sent_mail.latest(aws, _MAX_MAILS))

    def mail(request: Request) -> Response:
        message_id = request.path_params["id"]
        return _answer_mails(request, directory, lambda aws: [sent_mail.find(aws, message_id)])

    def mail_html(request: Request) -> Response:
        return _answer_mail_html(request, directory)

    return [
        Route("/", own_hosts_only(front_page)),
        Route("/mail", own_hosts_only(mails)),
        Route("/mail/{id}", own_hosts_only(mail)),
        Route("/mail/{id}/html", own_hosts_only(mail_html)),
        Route("/local/{name}", _static),
    ]


def own_hosts_only(view: View) -> View:
    """Wrap a view so that it responds only to this machine's own host names."""

    @functools.wraps(view)
    def guarded(request: Request) -> Response:
        host = request.headers.get("host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in _OWN_HOSTS:
            message = f"this page is only for {', '.join(_OWN_HOSTS)}, not for {host!r}"
            return _error(403, "Forbidden", message)
        return view(request)

    return guarded


def _answer_mails(
    request: Request, directory: Path, read: Callable[[str], list[sent_mail.Mail]]
) -> Response:
    mails = _read_mails(request, directory, read)
    if isinstance(mails, Response):
        return mails
    if not _asks_for_html(request):
        return JSONResponse([mail.as_json() for mail in mails], headers=_HEADERS)
    return _page("mail.html", mails=mails, is_single="id" in request.path_params)


def _answer_mail_html(request: Request, directory: Path) -> Response:
    """Answer the HTML of a mail, as a mail program would show it."""
    message_id = request.path_params["id"]
    mails = _read_mails(request, directory, lambda aws: [sent_mail.find(aws, message_id)])
    if isinstance(mails, Response):
        return mails
    return HTMLResponse(mails[0].html, headers=_MAIL_HEADERS)


def _read_mails(
    request: Request, directory: Path, read: Callable[[str], list[sent_mail.Mail]]
) -> list[sent_mail.Mail] | Response:
    """Return the mails, or the response that says why they cannot be read."""
    local_shop = shop.running(directory)
    if local_shop is None:
        return _failure(request, 503, "ServiceUnavailable", "The shop is not running.")
    try:
        return read(local_shop.aws_endpoint)
    except sent_mail.MailUnknown as exc:
        return _failure(request, 404, "NotFound", str(exc))
    except httpx.HTTPError as exc:
        return _failure(request, 503, "ServiceUnavailable", f"AWS does not answer: {exc}")


def _failure(request: Request, status: int, code: str, message: str) -> Response:
    if _asks_for_html(request):
        return _page("problem.html", status, message=message)
    return _error(status, code, message)


def _page(template: str, status: int = 200, **values: Any) -> Response:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    text = _templates.get_template(template).render(**values, now=now)
    return HTMLResponse(text, status, headers=_HEADERS)


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return _error(404, "NotFound", f"there is: {', '.join(_STATIC)}")
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(_HERE / "static" / name, media_type=_STATIC[name], headers=headers)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"Code": code, "Message": message}, status, headers=_HEADERS)


def _asks_for_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
