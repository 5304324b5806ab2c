"""Opening an account, without telling whose address has one already.

A new address and a taken one make the same reads, writes and hashes, in the same order, ask for the same mail, and get the same
answer, and so do their repeats; what came of it only the mail says. Where a login follows at once
(LOGIN_NEEDS_VERIFIED_EMAIL=0) that can tell the two apart, at the price of an account for each guess.
"""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.attempts import service as attempts
from chalicelib.mails import service as mails
from chalicelib.mails.schemas import REGISTRATION
from chalicelib.users import passwords
from chalicelib.users.errors import AddressContended, IdempotencyKeyReused
from chalicelib.users.models import Deleted, EmailClaim, Unopened, User, body_hash
from chalicelib.users.schemas import Registered, Registration
from common import auth, clock, ids, log, settings, transactions

_REMEMBERED_SECONDS = 30 * 86400
_NEVER = 253402300799  # the end of the year 9999


def register(registration: Registration, key: str | None, source: str) -> Registered:
    """Open a customer's account; if the address is taken, open none. Both are mailed, and answered alike.

    Raises PasswordTooShort, PasswordTooLong, AddressContended, TooManyAttempts. Safe to repeat with the same idempotency key: the
    same body gives the same id and no second mail, another body raises IdempotencyKeyReused. A key counts for one address: a
    guest has no other identity whose key it could be. Undone by deleting the account.
    """
    attempts.allow_source("REGISTRATION", source, settings.integer("REGISTRATIONS_PER_SOURCE", 100))
    user = _new_user(registration, key)
    if _is_new(user, registration.password, key):
        _ask_for_mail(user)
    return Registered(message="User registered successfully", user_id=user.user_id)


def _new_user(registration: Registration, key: str | None) -> User:
    email = registration.email
    return User(
        ids.deterministic("USER", email.lower(), key) if key else ids.new("USER"),
        email=email,
        name=registration.name,
        phone=registration.phone,
        password_hash=passwords.hashed(registration.password),
        role=auth.CUSTOMER,
        created_at=clock.now(),
        body_hash=body_hash(email, registration.name, registration.phone),
    )


def _is_new(user: User, password: str, key: str | None) -> bool:
    """Whether this registration was carried out now, whatever came of it; False if it was before, with this very body."""
    for _ in range(transactions.RETRY.tries):
        owner = EmailClaim.owner_of(user.email)
        # Without a key nothing can have this id yet. With one both are read before anything is written, whichever it will be.
        if key and (kept := _kept(user.user_id)):
            _insist_on_repeat(kept, user, password)
            if owner is not None:
                return False
        if _opened(user) if owner is None else _refused(user, key):
            return True
        # Otherwise the address was taken, or became free, just now: look again.
    raise AddressContended("too much at once; try again in a moment")


def _kept(user_id: str) -> User | Unopened | None:
    """What a registration that was answered with this id came to."""
    account, unopened = User.find(user_id), Unopened.find(user_id)
    return account or unopened


def _opened(user: User) -> bool:
    """Write the account and the claim on its address, or neither. The id of a deleted account is its own for ever."""
    claim = EmailClaim(EmailClaim.key_of(user.email), owner_id=user.user_id)
    failed = _failed(
        transactions.put(user, User.user_id.does_not_exist()),
        transactions.put(claim, EmailClaim.key.does_not_exist()),
        transactions.check(
            Deleted, Deleted.key_of(user.user_id), condition=Deleted.key.does_not_exist()
        ),
    )
    return _all_held(failed)


def _refused(user: User, key: str | None) -> bool:
    """Keep what was answered, as long as the key counts, while somebody else has the address; as many writes as for an account."""
    kept = Unopened(
        Unopened.key_of(user.user_id),
        body_hash=user.body_hash,
        password_hash=user.password_hash,
        expires_at=_NEVER if key else clock.epoch() + _REMEMBERED_SECONDS,
    )
    failed = _failed(
        transactions.put(kept, Unopened.key.does_not_exist()),
        transactions.check(
            EmailClaim, EmailClaim.key_of(user.email), condition=EmailClaim.key.exists()
        ),
        transactions.check(
            Deleted, Deleted.key_of(user.user_id), condition=Deleted.key.does_not_exist()
        ),
    )
    return _all_held(failed)


def _all_held(failed: list[int]) -> bool:
    if 2 in failed:
        raise IdempotencyKeyReused("Idempotency-Key: used before, for an account that was deleted")
    return not failed


def _failed(*operations: transactions.Operation) -> list[int]:
    """Carry out all of them; or none, and say whose conditions did not hold."""
    try:
        transactions.write(*operations)
    except transactions.TransactionCancelled as cancelled:
        return cancelled.failed
    except transactions.TransactionContended:
        raise AddressContended("too much at once; try again in a moment") from None
    return []


def _insist_on_repeat(kept: User | Unopened, says: User, password: str) -> None:
    """IdempotencyKeyReused unless this very registration was carried out before, and the password is still the one it had."""
    if kept.body_hash != says.body_hash or not passwords.matches(password, kept.password_hash):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _ask_for_mail(user: User) -> None:
    """If it cannot be asked for that is logged, and the account stands: its owner can ask for another."""
    try:
        mails.ask(REGISTRATION, user_id=user.user_id, email=user.email)
    except (BotoCoreError, ClientError):
        log.logger.exception(
            "mail after a registration not asked for", extra={"userId": user.user_id}
        )
