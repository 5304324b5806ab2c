"""The mails that the moto SES was given, as a mail program shows their HTML."""

from html.parser import HTMLParser
from typing import NamedTuple

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends


class SentMail(NamedTuple):
    """A mail to one address. `text` is what its HTML says, a row in a line."""

    to: str
    subject: str
    text: str
    html: str


def list_mails(subject: str = "") -> list[SentMail]:
    """List the mails sent, oldest first, of this subject if one is given."""
    sent = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    return [
        SentMail(mail.destinations["ToAddresses"][0], mail.subject, _text(mail.body), mail.body)
        for mail in sent
        if subject in mail.subject
    ]


def _text(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return "".join(parser.parts).strip()


class _Text(HTMLParser):
    """Collects paragraphs and the cells of tables that hold data, not the layout."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._tables: list[bool] = []  # of each open table, whether it holds data
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._tables.append(("role", "presentation") not in attrs)
        if tag == "p" or (tag == "table" and self._tables[-1]):
            self.parts.append("\n\n")
        if tag == "p" or (tag in ("th", "td") and self._tables[-1]):
            self._is_inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._tables.pop()
        if tag in ("p", "th", "td") and self._is_inside:
            self._is_inside = False
            self.parts.append({"th": ": ", "td": "\n"}.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.parts.append(data)
