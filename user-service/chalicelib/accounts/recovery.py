"""Change a password, and request the mails that set one or prove an address."""

from chalicelib.accounts.errors import AccountContended, InvalidCredentials
from chalicelib.accounts.schemas import (
    Confirmation,
    PasswordChange,
    PasswordResetRequest,
)
from chalicelib.mails import service as mails
from chalicelib.mails.schemas import RequestKind
from chalicelib.rate_limits import service as rate_limits
from chalicelib.sessions import service as sessions
from chalicelib.sessions.errors import SessionEnded
from chalicelib.sessions.models import Session
from chalicelib.users import passwords
from chalicelib.users.models import User
from common import auth, clock, dynamodb, settings, transactions

REPEAT_SECONDS = 300  # API Gateway times out after 29, and users then try again
_HOUR = 3600
_MAX_MAILS_PER_HOUR = 5


def change_password(caller: auth.Caller, change: PasswordChange, source: str) -> Confirmation:
    """Replace the caller's password and end their other sessions.

    Links of earlier mails are void. Idempotent in the same session for REPEAT_SECONDS: the password
    stays, and what a crash left undone is done. After that window, or from another session, the new
    password is not checked against the stored hash: it would give an attacker two guesses per
    counted attempt. Undone by changing it back, which restores no session.

    Raises: SessionEnded, InvalidCredentials, TooManyAttempts, PasswordTooShort, PasswordTooLong,
    AccountContended.
    """
    user = sessions.require_session(caller)
    new_hash = passwords.hash_password(change.new_password)
    attempt = rate_limits.start_login_attempt(user.email, source)
    if passwords.matches_hash(change.password, user.password_hash):
        _replace_password(user, caller.session_id, new_hash)
    elif not _was_just_changed(user, caller.session_id, change.new_password):
        attempt.record_failure()
        raise InvalidCredentials("password: not the account's")
    mails.void_password_reset(user.user_id)
    mails.request_mail(RequestKind.PASSWORD_CHANGED, user_id=user.user_id)
    attempt.record_success()
    return Confirmation(message="Password changed")


def request_password_reset(request: PasswordResetRequest, source: str) -> Confirmation:
    """Request a mail with a link to choose a new password. Not idempotent.

    Reads no account, so neither the response nor its delay reveals who has one. The last mail that
    the limit of an hour allows works for an hour: nobody is locked out by the requests of others.

    Raises: TooManyAttempts.
    """
    max_requests = settings.integer("ATTEMPTS_PER_SOURCE", 50)
    rate_limits.limit_source("FORGOTTEN", source, max_requests)
    rate_limits.limit("FORGOTTEN-ADDRESS", request.email, _MAX_MAILS_PER_HOUR, _HOUR)
    mails.request_mail(RequestKind.PASSWORD_RESET, email=request.email.strip())
    return Confirmation(
        message="If there is an account with this address, a mail is on its way to it"
    )


def request_email_verification(caller: auth.Caller) -> Confirmation:
    """Request another mail that verifies the caller's address.

    Voids earlier ones.

    Raises: SessionEnded, TooManyAttempts.
    """
    user = sessions.require_session(caller)
    rate_limits.limit("VERIFICATION", user.user_id, _MAX_MAILS_PER_HOUR, _HOUR)
    mails.request_mail(RequestKind.EMAIL_VERIFICATION, user_id=user.user_id)
    return Confirmation(message="A mail is on its way")


def _replace_password(user: User, session_id: str, new_hash: str) -> None:
    """Write the hash and keep this session alone active.

    Raises: SessionEnded if all sessions were ended since the account was read.
    """
    epoch = user.session_epoch + 1
    is_unchanged = (User.password_hash == user.password_hash) & (
        User.session_epoch == user.session_epoch
    )
    try:
        transactions.write(
            transactions.update(
                user,
                [User.password_hash.set(new_hash), User.session_epoch.set(epoch)],
                is_unchanged,
            ),
            transactions.update(
                Session(user.user_id, session_id),
                [Session.epoch.set(epoch), Session.password_set_at.set(clock.epoch())],
                Session.epoch == user.session_epoch,
            ),
        )
    except transactions.TransactionCancelled:
        raise SessionEnded from None
    except transactions.TransactionContended:
        raise AccountContended from None


def _was_just_changed(user: User, session_id: str, password: str) -> bool:
    """Whether this session changed the password to this one within REPEAT_SECONDS."""
    session = dynamodb.find(Session, user.user_id, session_id)
    changed_at = session.password_set_at or 0 if session else 0
    is_recent = changed_at + REPEAT_SECONDS >= clock.epoch()
    return is_recent and passwords.matches_hash(password, user.password_hash)
