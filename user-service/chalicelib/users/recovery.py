"""The verbs around a password and an address: change it, choose it anew by mail, show that the address is one's own."""

from pynamodb.expressions.update import Action

from chalicelib.attempts import service as attempts
from chalicelib.mails import service as mails
from chalicelib.mails.errors import InvalidMailToken
from chalicelib.mails.models import Mail
from chalicelib.mails.schemas import EMAIL_VERIFICATION, PASSWORD_CHANGED, PASSWORD_RESET
from chalicelib.mails.tokens import MailToken
from chalicelib.sessions import service as sessions
from chalicelib.sessions.errors import SessionEnded
from chalicelib.sessions.models import Session
from chalicelib.users import passwords
from chalicelib.users.errors import AccountContended, InvalidCredentials
from chalicelib.users.models import User
from chalicelib.users.schemas import (
    Done,
    EmailVerification,
    ForgottenPassword,
    PasswordChange,
    PasswordReset,
)
from common import auth, clock, settings, transactions

_MAILS_PER_HOUR = 5
_HOUR = 3600
REPEAT_SECONDS = 300  # API Gateway gives up after 29, and then somebody tries once more
_REPEATS_PER_HOUR = 5


def change_password(caller: auth.Caller, change: PasswordChange, source: str) -> Done:
    """Give the caller's account a new password, and end all its sessions but this one; links of earlier mails are void then.

    Raises SessionEnded, InvalidCredentials, TooManyAttempts, PasswordTooShort, PasswordTooLong, AccountContended. Safe to repeat in the same
    session for REPEAT_SECONDS: the password stays, and what a fault left undone is done. Later, or from elsewhere, the new password
    is not compared: it would be a second guess for one that counts. Undone by changing it back, which brings no session back.
    """
    user = sessions.insist(caller)
    new = passwords.hashed(change.new_password)
    attempt = attempts.begin(user.email, source)
    if passwords.matches(change.password, user.password_hash):
        _replace_password(user, caller.session_id, new)
    elif not _was_just_set(user, caller.session_id, change.new_password):
        attempt.failed()
        raise InvalidCredentials("password: not the account's")
    mails.void_reset(user.user_id)
    mails.ask(PASSWORD_CHANGED, user_id=user.user_id)
    attempt.succeeded()
    return Done(message="Password changed")


def forgotten(who: ForgottenPassword, source: str) -> Done:
    """Have a mail sent with which to choose a new password; TooManyAttempts. Each call asks for a mail of its own.

    Nothing is looked up here: neither the answer nor its delay tells who has an account. As many mails as are allowed within an
    hour were sent to the address, and the last one works for an hour: nobody is shut out by somebody else's asking.
    """
    attempts.allow_source("FORGOTTEN", source, settings.integer("ATTEMPTS_PER_SOURCE", 50))
    attempts.allow("FORGOTTEN-ADDRESS", who.email, _MAILS_PER_HOUR, _HOUR)
    mails.ask(PASSWORD_RESET, email=who.email.strip())
    return Done(message="If there is an account with this address, a mail is on its way to it")


def reset_password(reset: PasswordReset) -> Done:
    """Give the account a new password, by the token out of a mail; end all its sessions. The address is proved by that, too.

    Raises InvalidMailToken, TooManyAttempts, PasswordTooShort, PasswordTooLong, AccountContended. Safe to repeat while the account has this
    password: the owner is mailed once more. With another one a used token changes nothing, and says so.
    """
    token = MailToken.parsed(reset.token)
    if token.was_used(PASSWORD_RESET):
        _insist_on_repeat(token, reset.new_password)
    else:
        token.mail(PASSWORD_RESET)
        new = passwords.hashed(reset.new_password)
        _use(
            token,
            PASSWORD_RESET,
            [User.password_hash.set(new), User.session_epoch.add(1), _verified()],
        )
    mails.ask(PASSWORD_CHANGED, user_id=token.user_id)
    return Done(message="Password changed")


def send_verification(caller: auth.Caller) -> Done:
    """Have the mail sent again that proves the caller's address; SessionEnded, TooManyAttempts. Earlier mails are void then."""
    user = sessions.insist(caller)
    attempts.allow("VERIFICATION", user.user_id, _MAILS_PER_HOUR, _HOUR)
    mails.ask(EMAIL_VERIFICATION, user_id=user.user_id)
    return Done(message="A mail is on its way")


def verify_email(verification: EmailVerification) -> Done:
    """Note that whoever has the account reads the mail to its address; InvalidMailToken. Safe to repeat."""
    token = MailToken.parsed(verification.token)
    if not token.was_used(EMAIL_VERIFICATION):
        token.mail(EMAIL_VERIFICATION)
        _use(token, EMAIL_VERIFICATION, [_verified()])
    return Done(message="Address confirmed")


def _replace_password(user: User, session_id: str, new: str) -> None:
    """Write the hash, and let of all sessions this one alone go on; nothing, if all were ended since they were read."""
    epoch = int(user.session_epoch) + 1
    try:
        _write(
            transactions.update(
                user,
                [User.password_hash.set(new), User.session_epoch.set(epoch)],
                (User.password_hash == user.password_hash)
                & (User.session_epoch == user.session_epoch),
            ),
            transactions.update(
                Session(user.user_id, session_id),
                [Session.epoch.set(epoch), Session.password_set_at.set(clock.epoch())],
                Session.epoch == user.session_epoch,
            ),
        )
    except transactions.TransactionCancelled:
        raise SessionEnded("your session has ended; log in again") from None


def _was_just_set(user: User, session_id: str, password: str) -> bool:
    """Whether this session gave the account this password moments ago, and so repeats itself."""
    session = Session.find(user.user_id, session_id)
    recently = (
        session is not None and (session.password_set_at or 0) + REPEAT_SECONDS >= clock.epoch()
    )
    return recently and passwords.matches(password, user.password_hash)


def _insist_on_repeat(token: MailToken, password: str) -> None:
    """InvalidMailToken unless the account has this password; TooManyAttempts, as who has a used token could guess here."""
    attempts.allow("RESET-REPEAT", token.user_id, _REPEATS_PER_HOUR, _HOUR)
    user = User.find(token.user_id)
    if user is None or not passwords.matches(password, user.password_hash):
        raise InvalidMailToken


def _use(token: MailToken, kind: str, actions: list[Action]) -> None:
    """Change the account and use the token up, both or neither; InvalidMailToken if somebody was first."""
    mail = Mail(token.user_id, kind)
    valid = (Mail.token_hash == token.digest) & (Mail.valid_until > clock.epoch())
    used: list[Action] = [Mail.token_hash.remove(), Mail.used_hash.set(token.digest)]
    try:
        _write(
            transactions.update(User(token.user_id), actions, User.user_id.exists()),
            transactions.update(mail, used, valid),
        )
    except transactions.TransactionCancelled:
        raise InvalidMailToken from None


def _write(*operations: transactions.Operation) -> None:
    try:
        transactions.write(*operations)
    except transactions.TransactionContended:
        raise AccountContended("too much at once; try again in a moment") from None


def _verified() -> Action:
    """That the address was proved: when it was for the first time."""
    return User.email_verified_at.set(User.email_verified_at | clock.now())
