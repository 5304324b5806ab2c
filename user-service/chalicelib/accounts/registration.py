"""Register users without revealing who has an account.

A new address and a taken one cost the same reads, writes and hashes in the same order, request the
same mail, and get the same response; so do their repeats. Only the mail says what happened. Where
an unverified address may log in (LOGIN_NEEDS_VERIFIED_EMAIL=0), a login after the registration can
tell the two apart, at the price of an account for each guess.
"""

import hashlib

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.accounts.errors import AddressContended, IdempotencyKeyReused
from chalicelib.accounts.models import DuplicateRegistration
from chalicelib.accounts.schemas import RegisteredUser, Registration
from chalicelib.mails import service as mails
from chalicelib.mails.schemas import RequestKind
from chalicelib.rate_limits import service as rate_limits
from chalicelib.users import passwords
from chalicelib.users.models import DeletedUser, EmailClaim, User
from common import auth, clock, dynamodb, ids, log, settings, transactions

_THREE_DAYS = 3 * 86400
_UNKEYED_SECONDS = 30 * 86400
_NEVER = 253402300799  # the end of the year 9999
_TOMBSTONE_CHECK = 2  # the position of this operation in both transactions


def register(registration: Registration, key: str | None, source: str) -> RegisteredUser:
    """Open a customer account, or none if the address is taken.

    Both get the same response. Idempotent with an idempotency key: the same body gives the same id
    and no second mail. A key counts for one address, because a guest has no other identity. Undone
    by deleting the account.

    Raises: IdempotencyKeyReused for another body with the key; PasswordTooShort, PasswordTooLong,
    AddressContended, TooManyAttempts.
    """
    max_registrations = settings.integer("REGISTRATIONS_PER_SOURCE", 100)
    rate_limits.limit_source("REGISTRATION", source, max_registrations)
    user = _create_user(registration, key)
    is_new = _store_registration(user, registration.password, key)
    if is_new:
        _request_mail(user)
    return RegisteredUser(message="User registered successfully", user_id=user.user_id)


def _create_user(registration: Registration, key: str | None) -> User:
    email = registration.email
    return User(
        ids.deterministic("USER", email.lower(), key) if key else ids.new("USER"),
        email=email,
        name=registration.name,
        phone=registration.phone,
        password_hash=passwords.hash_password(registration.password),
        role=auth.CUSTOMER,
        created_at=clock.now(),
        body_hash=_body_hash(registration),
        # Sessions and tokens of an account that ended unproved under this id are none of this one.
        session_epoch=clock.epoch(),
        expires_at=clock.epoch() + settings.integer("UNPROVED_ACCOUNT_SECONDS", _THREE_DAYS),
    )


def _body_hash(registration: Registration) -> str:
    """Return the digest of the body, without the password, which bcrypt compares."""
    parts = (registration.email, registration.name, registration.phone or "")
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _store_registration(user: User, password: str, key: str | None) -> bool:
    """Store the account, or that its address is taken.

    False for a repeat with its key.

    Raises: IdempotencyKeyReused, AddressContended.
    """
    for _ in transactions.RETRY.attempts():
        owner_id = EmailClaim.find_owner_id(user.email)
        # Without a key no row can have this id. With one, both reads precede any write.
        previous = _find_previous(user.user_id) if key else None
        if previous is not None:
            _validate_repeat(previous, user, password)
            if owner_id is not None:
                return False
        is_stored = _store_account(user) if owner_id is None else _store_duplicate(user, key)
        if is_stored:
            return True
        # The address was taken or became free in between: read again.
    raise AddressContended


def _find_previous(user_id: str) -> User | DuplicateRegistration | None:
    """Read the registration that was answered with this id, always in two reads."""
    user = User.find(user_id)
    duplicate = dynamodb.find(DuplicateRegistration, DuplicateRegistration.key_for(user_id))
    return user or duplicate


def _store_account(user: User) -> bool:
    """Write the account and the claim on its address, or neither.

    False if the address is taken.
    """
    claim = EmailClaim(
        EmailClaim.key_for(user.email), owner_id=user.user_id, expires_at=user.expires_at
    )
    return _write(
        transactions.put(user, User.is_free()),
        transactions.put(claim, EmailClaim.is_free()),
        _check_no_tombstone(user),
    )


def _store_duplicate(user: User, key: str | None) -> bool:
    """Write a duplicate, in as many writes as an account.

    False if the address is free.
    """
    duplicate = DuplicateRegistration(
        DuplicateRegistration.key_for(user.user_id),
        body_hash=user.body_hash,
        password_hash=user.password_hash,
        expires_at=_NEVER if key else clock.epoch() + _UNKEYED_SECONDS,
    )
    claim_key = EmailClaim.key_for(user.email)
    return _write(
        transactions.put(duplicate, DuplicateRegistration.key.does_not_exist()),
        transactions.check(EmailClaim, claim_key, condition=EmailClaim.is_taken()),
        _check_no_tombstone(user),
    )


def _check_no_tombstone(user: User) -> transactions.Operation:
    """Return the check that the id is not that of a deleted account."""
    key = DeletedUser.key_for(user.user_id)
    return transactions.check(DeletedUser, key, condition=DeletedUser.key.does_not_exist())


def _write(*operations: transactions.Operation) -> bool:
    """Write all or nothing. False if a condition did not hold."""
    try:
        transactions.write(*operations)
    except transactions.TransactionCancelled as exc:
        if _TOMBSTONE_CHECK in exc.failed:
            raise IdempotencyKeyReused(
                "Idempotency-Key: used before, for an account that was deleted"
            ) from None
        return False
    except transactions.TransactionContended:
        raise AddressContended from None
    return True


def _validate_repeat(previous: User | DuplicateRegistration, user: User, password: str) -> None:
    """Check that body and password are those of the previous registration.

    Raises: IdempotencyKeyReused.
    """
    is_same_body = previous.body_hash == user.body_hash
    if not is_same_body or not passwords.matches_hash(password, previous.password_hash):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _request_mail(user: User) -> None:
    """Request the mail. A failure is logged only, as the user can request another."""
    try:
        mails.request_mail(RequestKind.REGISTRATION, user_id=user.user_id, email=user.email)
    except (BotoCoreError, ClientError):
        log.logger.exception("registration mail not requested", extra={"userId": user.user_id})
