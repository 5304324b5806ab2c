"""Prove that an address is its owner's, by the token of a mail to it.

Registering an address takes no proof of it. So the first proof keeps the account only with the
password of its registration. With another one the owner gets an account with a new id, and the
unproved account is deleted as if its holder had asked for it: name, phone, password, sessions,
cart and unpaid orders go with it, and access tokens of it open nothing of the owner's.
"""

from pynamodb.expressions.update import Action

from chalicelib.accounts import deletion
from chalicelib.accounts.errors import AccountContended
from chalicelib.accounts.schemas import Confirmation, EmailVerification, PasswordReset
from chalicelib.mails import service as mails
from chalicelib.mails import suppressions
from chalicelib.mails.errors import InvalidMailToken
from chalicelib.mails.models import Mail, MailKind
from chalicelib.mails.schemas import RequestKind
from chalicelib.mails.tokens import MailToken
from chalicelib.rate_limits import service as rate_limits
from chalicelib.users import passwords
from chalicelib.users.models import EmailClaim, User
from common import clock, events, ids, log, transactions
from common.roles import Role

_HOUR = 3600
_MAX_REPEATS_PER_HOUR = 5


def reset_password(reset: PasswordReset) -> Confirmation:
    """Set a new password by the token of a mail.

    Proves the address, and ends all sessions. Idempotent while the account has this password, but
    for one more mail to the owner. With another password a used token changes nothing.

    Raises: InvalidMailToken, TooManyAttempts, PasswordTooShort, PasswordTooLong, AccountContended.
    """
    user_id = _prove_address(reset.token, MailKind.PASSWORD_RESET, reset.new_password)
    _follow_proof(user_id)
    mails.request_mail(RequestKind.PASSWORD_CHANGED, user_id=user_id)
    mails.request_mail(RequestKind.WELCOME, user_id=user_id)
    return Confirmation(message="Password changed")


def verify_email(verification: EmailVerification) -> Confirmation:
    """Prove the address by the token of a mail.

    With the password of the registration, or a new one. Idempotent while the account has this
    password.

    Raises: InvalidMailToken, TooManyAttempts, PasswordTooShort, PasswordTooLong, AccountContended.
    """
    kind = MailKind.EMAIL_VERIFICATION
    user_id = _prove_address(verification.token, kind, verification.password)
    _follow_proof(user_id)
    mails.request_mail(RequestKind.WELCOME, user_id=user_id)
    return Confirmation(message="Address confirmed")


def _prove_address(text: str, kind: MailKind, password: str) -> str:
    """Use the token up and return the id of the account that the address then has."""
    token = MailToken.parse(text)
    for user_id in (token.user_id, _successor_id(token)):
        if token.was_used(kind, user_id):
            return _validate_repeat(user_id, password)
    mail, user = token.validate(kind), User.find(token.user_id)
    if user is None:
        raise InvalidMailToken
    if user.email_verified_at is not None and kind is MailKind.EMAIL_VERIFICATION:
        return _validate_repeat(user.user_id, password)  # proved by another mail meanwhile
    is_registrant = passwords.matches_hash(password, user.password_hash)
    if user.email_verified_at is None and not is_registrant:
        return _replace_account(user, mail, token, passwords.hash_password(password))
    actions = [_mark_email_verified(), User.expires_at.remove()]
    if kind is MailKind.PASSWORD_RESET:
        new_hash = passwords.hash_password(password)
        actions += [User.password_hash.set(new_hash), User.session_epoch.add(1)]
    return _keep_account(user, mail, token, actions)


def _follow_proof(user_id: str) -> None:
    """Allow mails to the address, whose owner has read one, and announce the proof.

    Idempotent: a client that gets no answer repeats the request, and so this.
    """
    if user := User.find(user_id):
        suppressions.lift_suppression(user.email)
    events.publish(events.address_proved(user_id))


def _validate_repeat(user_id: str, password: str) -> str:
    """Check that the account has this password.

    The check is rate limited: it is a way to guess the password.

    Raises: InvalidMailToken, TooManyAttempts.
    """
    rate_limits.limit("RESET-REPEAT", user_id, _MAX_REPEATS_PER_HOUR, _HOUR)
    user = User.find(user_id)
    if user is None or not passwords.matches_hash(password, user.password_hash):
        raise InvalidMailToken
    return user_id


def _keep_account(user: User, mail: Mail, token: MailToken, actions: list[Action]) -> str:
    """Change the account and use the token up, both or neither.

    Raises: InvalidMailToken if the token was used or voided since it was read.
    """
    claim = EmailClaim(EmailClaim.key_for(user.email))
    use_up: list[Action] = [Mail.token_hash.remove(), Mail.used_hash.set(token.digest)]
    try:
        transactions.write(
            transactions.update(user, actions, User.user_id.exists()),
            transactions.update(
                claim, [EmailClaim.expires_at.remove()], EmailClaim.owner_id == user.user_id
            ),
            transactions.update(mail, use_up, token.is_valid),
        )
    except transactions.TransactionCancelled:
        raise InvalidMailToken from None
    except transactions.TransactionContended:
        raise AccountContended from None
    return user.user_id


def _replace_account(user: User, mail: Mail, token: MailToken, password_hash: str) -> str:
    """Give the address to an account of its own, and erase the unproved one.

    The token counts as used in the new account, for a repeat. Nothing undoes it.

    Raises: InvalidMailToken if the account was proved, or the token used, since they were read.
    """
    successor = User(
        _successor_id(token),
        email=user.email,
        name="",
        password_hash=password_hash,
        role=Role.CUSTOMER,
        created_at=clock.now(),
        email_verified_at=clock.now(),
    )
    claim = EmailClaim(EmailClaim.key_for(user.email))
    owner: list[Action] = [
        EmailClaim.owner_id.set(successor.user_id),
        EmailClaim.expires_at.remove(),
    ]
    used: list[Action] = [
        Mail.request_id.set(mail.request_id),
        Mail.used_hash.set(token.digest),
        Mail.expires_at.set(mail.expires_at),
    ]
    try:
        deletion.erase_unproved(
            user,
            transactions.put(successor, User.user_id.does_not_exist()),
            transactions.update(claim, owner, EmailClaim.owner_id == user.user_id),
            transactions.delete(mail, token.is_valid),
            transactions.update(Mail(successor.user_id, mail.kind), used),
        )
    except transactions.TransactionCancelled:
        raise InvalidMailToken from None
    except transactions.TransactionContended:
        raise AccountContended from None
    log.logger.info("unproved account replaced", extra={"userId": successor.user_id})
    return successor.user_id


def _successor_id(token: MailToken) -> str:
    """Return the id of the account that replaces the token's. Deterministic."""
    return ids.deterministic("USER", token.user_id, token.digest)


def _mark_email_verified() -> Action:
    """Return the update that keeps the time of the first proof."""
    return User.email_verified_at.set(User.email_verified_at | clock.now())
