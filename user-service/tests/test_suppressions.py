"""Mails end at a bounce or a complaint, until the address's owner proves it anew."""

import pytest

from chalicelib.mails.suppressions import is_suppressed
from common import clock

ADDRESS = "jimmy@example.com"
CHANGED = "Your password was changed"
CONFIRM = "Confirm your address"
EARLIER = "2020-01-01T00:00:00.000Z"


def bounce(at=None, kind="Permanent", address=ADDRESS):
    """What SES publishes of a mail that was not delivered."""
    recipients = [{"emailAddress": address, "status": "5.1.1", "action": "failed"}]
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": recipients,
            "timestamp": at or clock.now(),
        },
        "mail": {"destination": [address]},
    }


def complaint():
    recipients = [{"emailAddress": ADDRESS.upper()}]
    return {
        "eventType": "Complaint",
        "complaint": {"complainedRecipients": recipients, "timestamp": clock.now()},
    }


def change_password(shop, token):
    body = {"password": "12345", "newPassword": "a better password"}
    return shop.post("/user/password", body, token=token)


@pytest.mark.parametrize("event", [bounce, complaint])
def test_after_a_bounce_or_a_complaint_no_mail_is_sent(shop, jimmy, mailer, log_in, event):
    token = log_in()["token"]
    mailer.deliver()
    shop.sqs("on-mail-event", [event()])

    change_password(shop, token)
    mailer.deliver()

    assert mailer.sent(CHANGED) == []


def test_a_mailbox_that_is_full_still_gets_mail(shop, jimmy, mailer, log_in):
    shop.sqs("on-mail-event", [bounce(kind="Transient")])

    change_password(shop, log_in()["token"])
    mailer.deliver()

    assert len(mailer.sent(CHANGED)) == 1


def test_an_owner_proves_the_address_anew(shop, jimmy, mailer, log_in):
    """Also one that was verified; an event that comes again changes nothing."""
    mailer.deliver()
    first = bounce()
    shop.sqs("on-mail-event", [first])
    token = log_in()["token"]

    assert shop.post("/user/email/verification", token=token).status_code == 202
    proof = mailer.token(CONFIRM)
    assert shop.post("/user/email/verify", {"token": proof, "password": "12345"}).status_code == 200
    shop.sqs("on-mail-event", [first, bounce(at=EARLIER)])
    change_password(shop, token)
    mailer.deliver()

    assert len(mailer.sent(CHANGED)) == 1


def test_a_new_bounce_ends_mails_to_a_proved_address(shop, jimmy, mailer, log_in):
    shop.sqs("on-mail-event", [bounce(at=EARLIER)])
    proof = mailer.token(CONFIRM)
    shop.post("/user/email/verify", {"token": proof, "password": "12345"})
    assert not is_suppressed(ADDRESS)

    shop.sqs("on-mail-event", [bounce()])

    assert is_suppressed(ADDRESS)


def test_events_in_any_order_leave_the_newest(shop, jimmy):
    newest = bounce()

    shop.sqs("on-mail-event", [newest, bounce(at=EARLIER), newest])

    assert is_suppressed(f" {ADDRESS.upper()} ")
    assert not is_suppressed("other@example.com")


def test_other_events_of_ses_are_ignored(shop, jimmy):
    shop.sqs("on-mail-event", [{"eventType": "Delivery", "delivery": {}}])

    assert not is_suppressed(ADDRESS)
