"""Mails to customers: HTML with text beside, from `mail.html` and `mail.txt`."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from common import aws, lazy_imports, settings

with lazy_imports.until_first_use(unless=""):  # routes send no mails
    import jinja2

_TEMPLATES = Path(__file__).parent


class Row(NamedTuple):
    """A line of a table, such as `2 x Protein Bowl` and `25.98 USD`."""

    label: str
    value: str


class MailContent(NamedTuple):
    """What a mail says.

    `message` is plain text: a blank line starts a paragraph, an address becomes a link. The last
    of `rows` is their sum.
    """

    subject: str
    greeting: str
    message: str
    rows: Sequence[Row] = ()


def send(content: MailContent, *addresses: str) -> None:
    """Send one mail to these addresses. Not idempotent."""
    aws.client("ses").send_email(
        Source=settings.text("MAIL_FROM"),
        Destination={"ToAddresses": addresses},
        Message={
            "Subject": _data(content.subject),
            "Body": {
                "Text": _data(_render("mail.txt", content)),
                "Html": _data(_render("mail.html", content)),
            },
        },
    )


def _data(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _render(template: str, content: MailContent) -> str:
    paragraphs = [each for each in content.message.split("\n\n") if each.strip()]
    return _templates().get_template(template).render(mail=content, paragraphs=paragraphs)


@cache
def _templates() -> "jinja2.Environment":
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
