"""A topic's email subscriptions arrive in the mailbox, beside what SES sent: GET /_ministack/ses/messages.

ministack accepts such a subscription, and logs what it would send.
"""

from ministack.services import ses, sns

from devcloud.emulator.patching import expect_parameters, rewrite

SENDER = "no-reply@sns.amazonaws.com"
DEFAULT_SUBJECT = "AWS Notification Message"


def apply() -> None:
    """Hand the message to the mailbox."""
    expect_parameters(
        ses.send_internal_email,
        "source",
        "to_addrs",
        "subject",
        "body_text",
        "body_html",
        "type_name",
        "config_set",
        "extra",
    )
    rewrite(
        sns,
        "_fanout",
        {
            'logger.info("SNS fanout → email %s (stub)", endpoint)': (
                "_send_email(endpoint, subject, effective_message)"
            )
        },
        _send_email=send_email,
    )


def send_email(address: str, subject: str, message: str) -> None:
    """Put one message in the mailbox."""
    ses.send_internal_email(SENDER, [address], subject or DEFAULT_SUBJECT, message, type_name="SNS")
