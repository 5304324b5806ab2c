"""Change a password, choose a new one by mail, and verify an address."""

from pynamodb.expressions.update import Action

from chalicelib.accounts.errors import AccountContended, InvalidCredentials
from chalicelib.accounts.schemas import (
    Confirmation,
    EmailVerification,
    PasswordChange,
    PasswordReset,
    PasswordResetRequest,
)
from chalicelib.mails import service as mails
from chalicelib.mails.errors import InvalidMailToken
from chalicelib.mails.models import Mail, MailKind
from chalicelib.mails.schemas import RequestKind
from chalicelib.mails.tokens import MailToken
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
_MAX_REPEATS_PER_HOUR = 5


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


def reset_password(reset: PasswordReset) -> Confirmation:
    """Set a new password by the token of a mail.

    Verifies the address, and ends all sessions. Idempotent while the account has this password, but
    for one more mail to the owner. With another password a used token changes nothing.

    Raises: InvalidMailToken, TooManyAttempts, PasswordTooShort, PasswordTooLong, AccountContended.
    """
    token = MailToken.parse(reset.token)
    if token.was_used(MailKind.PASSWORD_RESET):
        _validate_repeat(token, reset.new_password)
    else:
        token.validate(MailKind.PASSWORD_RESET)
        new_hash = passwords.hash_password(reset.new_password)
        _redeem(
            token,
            MailKind.PASSWORD_RESET,
            [
                User.password_hash.set(new_hash),
                User.session_epoch.add(1),
                _mark_email_verified(),
            ],
        )
    mails.request_mail(RequestKind.PASSWORD_CHANGED, user_id=token.user_id)
    mails.request_mail(RequestKind.WELCOME, user_id=token.user_id)
    return Confirmation(message="Password changed")


def request_email_verification(caller: auth.Caller) -> Confirmation:
    """Request another mail that verifies the caller's address.

    Voids earlier ones.

    Raises: SessionEnded, TooManyAttempts.
    """
    user = sessions.require_session(caller)
    rate_limits.limit("VERIFICATION", user.user_id, _MAX_MAILS_PER_HOUR, _HOUR)
    mails.request_mail(RequestKind.EMAIL_VERIFICATION, user_id=user.user_id)
    return Confirmation(message="A mail is on its way")


def verify_email(verification: EmailVerification) -> Confirmation:
    """Mark the account's address as verified, by the token of a mail. Idempotent.

    Raises: InvalidMailToken, AccountContended.
    """
    token = MailToken.parse(verification.token)
    if not token.was_used(MailKind.EMAIL_VERIFICATION):
        token.validate(MailKind.EMAIL_VERIFICATION)
        _redeem(token, MailKind.EMAIL_VERIFICATION, [_mark_email_verified()])
    mails.request_mail(RequestKind.WELCOME, user_id=token.user_id)
    return Confirmation(message="Address confirmed")


def _replace_password(user: User, session_id: str, new_hash: str) -> None:
    """Write the hash and keep this session alone active.

    Raises: SessionEnded if all sessions were ended since the account was read.
    """
    epoch = user.session_epoch + 1
    is_unchanged = (User.password_hash == user.password_hash) & (
        User.session_epoch == user.session_epoch
    )
    try:
        _write(
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


def _was_just_changed(user: User, session_id: str, password: str) -> bool:
    """Whether this session changed the password to this one within REPEAT_SECONDS."""
    session = dynamodb.find(Session, user.user_id, session_id)
    changed_at = session.password_set_at or 0 if session else 0
    is_recent = changed_at + REPEAT_SECONDS >= clock.epoch()
    return is_recent and passwords.matches_hash(password, user.password_hash)


def _validate_repeat(token: MailToken, password: str) -> None:
    """Check that the account has this password.

    The check is rate limited: it is a way to guess the password.

    Raises: InvalidMailToken, TooManyAttempts.
    """
    rate_limits.limit("RESET-REPEAT", token.user_id, _MAX_REPEATS_PER_HOUR, _HOUR)
    user = dynamodb.find(User, token.user_id)
    if user is None or not passwords.matches_hash(password, user.password_hash):
        raise InvalidMailToken


def _redeem(token: MailToken, kind: MailKind, actions: list[Action]) -> None:
    """Change the account and use the token up, both or neither.

    Raises: InvalidMailToken if the token was used or voided since it was read.
    """
    mail = Mail(token.user_id, kind)
    is_valid = (Mail.token_hash == token.digest) & (Mail.valid_until > clock.epoch())
    use_up: list[Action] = [Mail.token_hash.remove(), Mail.used_hash.set(token.digest)]
    try:
        _write(
            transactions.update(User(token.user_id), actions, User.user_id.exists()),
            transactions.update(mail, use_up, is_valid),
        )
    except transactions.TransactionCancelled:
        raise InvalidMailToken from None


def _write(*operations: transactions.Operation) -> None:
    try:
        transactions.write(*operations)
    except transactions.TransactionContended:
        raise AccountContended from None


def _mark_email_verified() -> Action:
    """Return the update that keeps the time of the first verification."""
    return User.email_verified_at.set(User.email_verified_at | clock.now())
