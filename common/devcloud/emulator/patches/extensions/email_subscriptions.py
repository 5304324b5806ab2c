"""Put what SNS sends by email into the mailbox of the developer's page.

ministack accepts an email subscription and logs what it would send. `GET /_ministack/ses/messages`
lists only what SES has sent.
"""

from ministack.services import ses, sns

from devcloud.emulator.patching import require_parameters, rewrite_function

SENDER = "no-reply@sns.amazonaws.com"
DEFAULT_SUBJECT = "AWS Notification Message"

_LOG = 'logger.info("SNS fanout → email %s (stub)", endpoint)'
_SEND = "_send_email(endpoint, subject, effective_message)"


def apply() -> None:
    """Send to the mailbox instead of the log."""
    require_parameters(
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
    rewrite_function(sns, "_fanout", {_LOG: _SEND}, _send_email=send_email)


def send_email(address: str, subject: str, message: str) -> None:
    """Put one message into the mailbox."""
    ses.send_internal_email(SENDER, [address], subject or DEFAULT_SUBJECT, message, type_name="SNS")
