"""The verbs of the account."""

from chalicelib.tokens import service as tokens
from chalicelib.users import passwords, welcome
from chalicelib.users.errors import (
    AddressContended,
    EmailTaken,
    IdempotencyKeyReused,
    InvalidCredentials,
    UserNotFound,
)
from chalicelib.users.models import EmailClaim, User
from chalicelib.users.schemas import (
    Credentials,
    GrantRole,
    LoggedIn,
    Profile,
    Registered,
    Registration,
    RoleGranted,
)
from common import auth, clock, ids, log, transactions

_NOBODY = "USER#nobody"  # ids given out are ULIDs


def register(registration: Registration, key: str | None) -> Registered:
    """Open a customer's account and publish the welcome message.

    Raises PasswordTooShort, PasswordTooLong, EmailTaken, AddressContended. Safe to repeat with the same idempotency key:
    the same body gives the same user and no second welcome, another body raises IdempotencyKeyReused. A key counts for one
    address: a guest has no other identity whose key it could be.
    """
    user = _new_user(registration, key)
    if _store(user):
        welcome.publish(user)
    else:
        _insist_on_repeat(user.user_id, registration)
    return Registered(message="User registered successfully", user_id=user.user_id)


def login(credentials: Credentials) -> LoggedIn:
    """An access token for whoever knows the password; InvalidCredentials for anybody else.

    An unknown address makes the same reads and the same hash as a known one, so that neither the answer nor its delay tells
    who has an account. Changes nothing; may be repeated at will.
    """
    user = _owner(credentials.email)
    if not passwords.matches(credentials.password, user.password_hash if user else None) or user is None:
        raise InvalidCredentials("Invalid credentials")
    token = tokens.issue(user.user_id, user.email, user.role)
    return LoggedIn(
        token=token.text,
        user_id=user.user_id,
        message="Login successful",
        expires_in=token.lives_seconds,
    )


def profile(user_id: str) -> Profile:
    """What the account says of its owner; UserNotFound if there is none."""
    user = _find(user_id)
    if user is None:
        raise UserNotFound("User not found")
    return Profile(
        user_id=user.user_id, email=user.email, name=user.name, role=user.role, created_at=user.created_at
    )


def grant_role(grant: GrantRole) -> RoleGranted:
    """Give an account this role; UserNotFound if there is none. Safe to repeat; undone by granting the other role.

    It shows in tokens from the next login on: those given out before keep their role until they expire.
    """
    user = _owner(grant.email) if grant.email else _find(ids.parse("USER", str(grant.user_id)))
    if user is None:
        raise UserNotFound("User not found")
    user.update(actions=[User.role.set(grant.role)], condition=User.user_id.exists())
    log.logger.info("role granted", extra={"userId": user.user_id, "role": grant.role})
    return RoleGranted(user_id=user.user_id, email=user.email, role=grant.role)


def _new_user(registration: Registration, key: str | None) -> User:
    email = registration.email
    return User(
        ids.derived("USER", email.lower(), key) if key else ids.new("USER"),
        email=email,
        name=registration.name,
        phone=registration.phone,
        password_hash=passwords.hashed(registration.password),
        role=auth.CUSTOMER,
        created_at=clock.now(),
    )


def _store(user: User) -> bool:
    """Write the account and the claim on its address; False if either is there already, and then neither is written."""
    claim = EmailClaim(EmailClaim.key_of(user.email), owner_id=user.user_id)
    try:
        transactions.write(
            transactions.put(user, User.user_id.does_not_exist()),
            transactions.put(claim, EmailClaim.key.does_not_exist()),
        )
    except transactions.TransactionCancelled:
        return False
    except transactions.TransactionContended:
        raise AddressContended("too much at once; try again in a moment") from None
    return True


def _insist_on_repeat(user_id: str, registration: Registration) -> None:
    """Return if this very registration was carried out before; otherwise say why it cannot be."""
    user = _find(user_id)
    if user is None:
        raise EmailTaken("email: somebody has an account with this address already")
    said = (user.email, user.name, user.phone)
    says = (registration.email, registration.name, registration.phone)
    if said != says or not passwords.matches(registration.password, user.password_hash):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _owner(email: str) -> User | None:
    """Whose address this is; an unknown address costs as many reads as a known one."""
    try:
        owner_id = EmailClaim.get(EmailClaim.key_of(email.strip()), consistent_read=True).owner_id
    except EmailClaim.DoesNotExist:
        owner_id = _NOBODY
    return _find(owner_id)


def _find(user_id: str) -> User | None:
    try:
        return User.get(user_id, consistent_read=True)
    except User.DoesNotExist:
        return None
