"""The verbs of mails: ask for one, send it.

Asking puts a message on a queue and looks nothing up, so that how long it takes tells nobody who has an account.
"""

from pynamodb.exceptions import UpdateError

from chalicelib.mails import texts
from chalicelib.mails.models import Mail
from chalicelib.mails.schemas import (
    ADDRESS_TAKEN,
    EMAIL_VERIFICATION,
    PASSWORD_CHANGED,
    PASSWORD_RESET,
    Kind,
    Wanted,
)
from chalicelib.mails.tokens import MailToken
from chalicelib.users import welcome
from chalicelib.users.models import User
from common import aws, clock, dynamodb, ids, log, queues, settings

QUEUE = "user-mail-queue"
RESET_SECONDS = 3600
VERIFICATION_SECONDS = 3 * 86400


def ask(kind: Kind, user_id: str | None = None, email: str | None = None) -> None:
    """Have a mail sent, by and by. Each call asks for a mail of its own."""
    message = {
        "kind": kind,
        "requestId": ids.suffix(ids.new("MAIL")),
        "askedAt": clock.epoch(),
        "correlationId": log.correlation_id(),
    }
    who = {"userId": user_id, "email": email}
    queues.send(QUEUE, message | {name: value for name, value in who.items() if value})


def send(wanted: Wanted) -> None:
    """Send a mail that was asked for, if there is somebody to get it.

    Safe to repeat, also after a failure at any point: a mail whose sending was noted is not sent again; one that went out
    unnoted is, with a new token that voids the first. Raises MailUnderWay.
    """
    match wanted.kind:
        case "REGISTRATION":
            _greet(wanted)
        case "PASSWORD_RESET":
            _send_reset(wanted)
        case "EMAIL_VERIFICATION":
            _send_verification(User.find(wanted.user_id), wanted)
        case "PASSWORD_CHANGED":
            _send(User.find(wanted.user_id), PASSWORD_CHANGED, wanted.request_id, *texts.changed())


def void_reset(user_id: str) -> None:
    """The link in the last mail with which to choose a new password works no more. Safe to repeat."""
    mail = Mail.find(user_id, PASSWORD_RESET)
    if mail is not None and mail.token_hash is not None:
        try:
            mail.update([Mail.token_hash.remove()], condition=Mail.kind.exists())
        except (
            UpdateError
        ) as problem:  # refused where the account's deletion was faster: the link is as void
            if not dynamodb.is_condition_failure(problem):
                raise


def forget(user_id: str) -> None:
    """Delete what is kept of an account's mails; their tokens are worth nothing then. Safe to repeat."""
    for mail in Mail.query(user_id, consistent_read=True):
        mail.delete()


def _greet(wanted: Wanted) -> None:
    """Welcome the newcomer; or tell the address's owner, once a day, that somebody wanted to register with it."""
    user = User.find(wanted.user_id)
    if user is not None:
        welcome.publish(user)
        _send_verification(user, wanted)
    else:
        _tell_owner(User.owning(wanted.email), wanted)


def _tell_owner(owner: User | None, wanted: Wanted) -> None:
    # No link that proves the address: who never did so may have a stranger's account under it, and would open it to the stranger.
    text = texts.taken() if owner and owner.email_verified_at else texts.taken_unproved()
    _send(owner, ADDRESS_TAKEN, clock.iso(wanted.asked_at)[:10], *text)


def _send_verification(user: User | None, wanted: Wanted) -> None:
    if user is not None and user.email_verified_at is None:
        _send_token(user, EMAIL_VERIFICATION, wanted.request_id, VERIFICATION_SECONDS)


def _send_reset(wanted: Wanted) -> None:
    user = User.owning(wanted.email)
    if clock.epoch() - wanted.asked_at > RESET_SECONDS:
        log.logger.warning("password reset asked for too long ago; not mailed")
    elif user is not None:
        _send_token(user, PASSWORD_RESET, wanted.request_id, RESET_SECONDS)


def _send_token(user: User, kind: str, request_id: str, lives: int) -> None:
    mail = Mail.claimed(user.user_id, kind, request_id)
    if mail is None:
        return
    token = MailToken.made(user.user_id)
    mail.update(
        actions=[Mail.token_hash.set(token.digest), Mail.valid_until.set(clock.epoch() + lives)],
        condition=Mail.request_id == request_id,
    )
    text = texts.reset(token.text()) if kind == PASSWORD_RESET else texts.verification(token.text())
    _deliver(user, mail, *text)


def _send(user: User | None, kind: str, request_id: str, subject: str, text: str) -> None:
    mail = Mail.claimed(user.user_id, kind, request_id) if user else None
    if user is not None and mail is not None:
        _deliver(user, mail, subject, text)


def _deliver(user: User, mail: Mail, subject: str, text: str) -> None:
    # A name from somebody who has not shown that the address is theirs could be anything: it does not go to strangers.
    hello = f"Hello {user.name}" if user.email_verified_at else "Hello"
    aws.client("ses").send_email(
        Source=settings.text("MAIL_FROM"),
        Destination={"ToAddresses": [user.email]},
        Message={
            "Subject": {"Data": subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": f"{hello},\n\n{text}\n", "Charset": "UTF-8"}},
        },
    )
    mail.update(
        actions=[Mail.sent_at.set(clock.now())], condition=Mail.request_id == mail.request_id
    )
    log.logger.info("mail sent", extra={"kind": mail.kind, "userId": user.user_id})
