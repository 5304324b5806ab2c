"""Request mails, and send what was requested.

A request puts a message on a queue and reads no table, so that its delay does not reveal who has
an account.
"""

from chalicelib.mails import suppressions, templates, welcome
from chalicelib.mails.models import Mail, MailKind
from chalicelib.mails.schemas import MailRequest, RequestKind
from chalicelib.mails.templates import MailText
from chalicelib.mails.tokens import MailToken
from chalicelib.users.models import User
from common import clock, dynamodb, ids, log, mails, queues
from common.mails import MailContent

QUEUE = "user-mail-queue"
RESET_SECONDS = 3600
VERIFICATION_SECONDS = 3 * 86400
# Their owner asked for them, and proves the address by their token: mails end at the next bounce.
_PROVING = frozenset({MailKind.EMAIL_VERIFICATION, MailKind.PASSWORD_RESET})


def request_mail(kind: RequestKind, user_id: str | None = None, email: str | None = None) -> None:
    """Put a mail on the queue. Not idempotent: each call requests a mail of its own."""
    message = {
        "kind": kind,
        "requestId": ids.suffix(ids.new("MAIL")),
        "askedAt": clock.epoch(),
        "correlationId": log.correlation_id(),
    }
    recipient = {"userId": user_id, "email": email}
    queues.send(QUEUE, message | {name: value for name, value in recipient.items() if value})


def send_mail(request: MailRequest) -> None:
    """Send a requested mail, if it has a recipient.

    Idempotent: a mail recorded as sent is not sent again. One that was sent and not recorded is,
    with a new token that voids the first.

    Raises: MailUnderWay.
    """
    match request.kind:
        case RequestKind.REGISTRATION:
            _send_registration_mails(request)
        case RequestKind.PASSWORD_RESET:
            _send_password_reset(request)
        case RequestKind.EMAIL_VERIFICATION:
            _send_email_verification(User.find(request.user_id), request)
        case RequestKind.WELCOME:
            _send_welcome(User.find(request.user_id))
        case RequestKind.PASSWORD_CHANGED:
            _send_password_changed(User.find(request.user_id), request)


def void_password_reset(user_id: str) -> None:
    """Void the link in the last mail that offers to choose a new password. Idempotent."""
    mail = dynamodb.find(Mail, user_id, MailKind.PASSWORD_RESET)
    if mail is not None and mail.token_hash is not None:
        # A concurrent deletion of the account deletes the row, which voids the link as well.
        dynamodb.update_if(mail, [Mail.token_hash.remove()], Mail.kind.exists())


def list_mails(user_id: str) -> list[Mail]:
    """List the last mail of each kind to an account."""
    kinds = set(MailKind)
    return [mail for mail in Mail.query(user_id, consistent_read=True) if mail.kind in kinds]


def delete_all(user_id: str) -> None:
    """Delete all mails of an account, and what stands with them. Idempotent.

    That voids their tokens.
    """
    for mail in Mail.query(user_id, consistent_read=True):
        mail.delete()


def _send_registration_mails(request: MailRequest) -> None:
    """Have a new user prove the address, or notify the owner of a taken one."""
    user = User.find(request.user_id)
    if user is not None:
        _send_email_verification(user, request)
    else:
        _notify_owner(User.find_by_email(request.email), request)


def _notify_owner(owner: User | None, request: MailRequest) -> None:
    """Notify the owner, once a day, of a registration with their address.

    The mail has no link that verifies the address: the account may be a stranger's, and the link
    would let the stranger in.
    """
    is_verified = owner is not None and owner.email_verified_at is not None
    text = templates.address_taken() if is_verified else templates.unverified_address_taken()
    day = clock.iso(request.asked_at)[:10]
    _send_once(owner, MailKind.ADDRESS_TAKEN, day, text)


def _send_welcome(user: User | None) -> None:
    """Welcome the user, once the address is proved: before, it may be anybody's."""
    if user is not None and user.email_verified_at is not None:
        welcome.publish_welcome(user)


def _send_email_verification(user: User | None, request: MailRequest) -> None:
    if user is None:
        return
    if user.email_verified_at is None or suppressions.is_suppressed(user.email):
        _send_token(user, MailKind.EMAIL_VERIFICATION, request.request_id, VERIFICATION_SECONDS)


def _send_password_reset(request: MailRequest) -> None:
    user = User.find_by_email(request.email)
    if clock.epoch() - request.asked_at > RESET_SECONDS:
        log.logger.warning("password reset requested too long ago, not mailed")
    elif user is not None:
        _send_token(user, MailKind.PASSWORD_RESET, request.request_id, RESET_SECONDS)


def _send_password_changed(user: User | None, request: MailRequest) -> None:
    _send_once(user, MailKind.PASSWORD_CHANGED, request.request_id, templates.password_changed())


def _send_token(user: User, kind: MailKind, request_id: str, lifetime: int) -> None:
    mail = Mail.acquire(user.user_id, kind, request_id)
    if mail is None:
        return
    token = MailToken.create(user.user_id)
    mail.update(
        actions=[Mail.token_hash.set(token.digest), Mail.valid_until.set(clock.epoch() + lifetime)],
        condition=Mail.request_id == request_id,
    )
    _deliver(user, mail, templates.with_token(kind, token.serialize()))


def _send_once(user: User | None, kind: MailKind, request_id: str, text: MailText) -> None:
    if user is None:
        return
    mail = Mail.acquire(user.user_id, kind, request_id)
    if mail is not None:
        _deliver(user, mail, text)


def _deliver(user: User, mail: Mail, text: MailText) -> None:
    if mail.kind not in _PROVING and suppressions.is_suppressed(user.email):
        log.logger.info("mail suppressed", extra={"kind": mail.kind, "userId": user.user_id})
        return
    # A name is typed at the registration, and must not reach an address that was not proved.
    greeting = f"Hello {user.name}" if user.email_verified_at else "Hello"
    mails.send(MailContent(text.subject, greeting, text.body), user.email)
    mail.update(
        actions=[Mail.sent_at.set(clock.now())], condition=Mail.request_id == mail.request_id
    )
    log.logger.info("mail sent", extra={"kind": mail.kind, "userId": user.user_id})
