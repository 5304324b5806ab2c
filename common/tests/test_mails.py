"""A mail is HTML with text beside, and what people typed is text in both."""

import pytest

from common import aws, mails
from common.mails import MailContent, Row

NASTY = '<img src=x onerror="alert(1)"> & Söhne'


@pytest.fixture
def requests(cloud, monkeypatch):
    """The requests that SES was sent."""
    sent = []
    monkeypatch.setenv("MAIL_FROM", "shop@shop.example")
    client = aws.client("ses")
    client.verify_email_identity(EmailAddress="shop@shop.example")
    event, record = "provide-client-params.ses.SendEmail", lambda params, **_: sent.append(params)
    client.meta.events.register(event, record)
    yield sent
    client.meta.events.unregister(event, record)


def bodies(requests):
    (request,) = requests
    body = request["Message"]["Body"]
    return body["Text"]["Data"], body["Html"]["Data"]


def test_a_mail_says_the_same_as_text_and_as_html(requests):
    rows = [Row("2 x Bowl", "25.98 USD"), Row("Total", "25.98 USD")]

    mails.send(MailContent("Receipt", "Hello Jimmy", "One.\n\nTwo.", rows), "jimmy@example.com")

    text, html = bodies(requests)
    assert text == "Hello Jimmy,\n\nOne.\n\nTwo.\n\n2 x Bowl: 25.98 USD\nTotal: 25.98 USD\n"
    assert [part for part in ("Receipt", "One.", "Two.", "2 x Bowl", "Total") if part in html] == [
        "Receipt", "One.", "Two.", "2 x Bowl", "Total",
    ]  # fmt: skip


def test_what_people_typed_stays_text_in_html(requests):
    content = MailContent(NASTY, f"Hello {NASTY}", NASTY, [Row(NASTY, NASTY)])

    mails.send(content, "jimmy@example.com")

    text, html = bodies(requests)
    assert f"Hello {NASTY}," in text
    assert "<img" not in html
    assert html.count("&lt;img src=x") == 6


def test_a_link_in_a_mail_can_be_followed(requests):
    link = "https://shop.example/email/verify#token=a.b-c_d"

    mails.send(MailContent("Confirm", "Hello", f"here:\n\n{link}\n\nIf not"), "jimmy@example.com")

    text, html = bodies(requests)
    assert link in text
    assert f'<a href="{link}"' in html
