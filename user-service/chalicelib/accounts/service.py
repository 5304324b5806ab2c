"""Log in to an account, read, update, export and delete it."""

from msgspec import UNSET
from pynamodb.expressions.update import Action

from chalicelib.accounts import deletion
from chalicelib.accounts.errors import InvalidCredentials
from chalicelib.accounts.schemas import (
    AccountDeletion,
    AccountExport,
    Confirmation,
    Credentials,
    ExportedMail,
    ExportedSession,
    LoginTokens,
    Profile,
    ProfilePatch,
    UsersQuery,
)
from chalicelib.addresses import service as addresses
from chalicelib.mails import service as mails
from chalicelib.mails.models import Mail
from chalicelib.rate_limits import service as rate_limits
from chalicelib.sessions import service as sessions
from chalicelib.sessions.errors import SessionEnded
from chalicelib.sessions.models import Session
from chalicelib.users import passwords
from chalicelib.users import service as users
from chalicelib.users.models import User
from common import auth, clock, dynamodb, settings
from common.roles import Scope

# The routes that return what other services store: user-service reads only its own tables.
ELSEWHERE = ("/orders", "/cart")


def log_in(credentials: Credentials, source: str) -> LoginTokens:
    """Start a session for the owner of the password. Not idempotent.

    An unknown address costs the same reads, writes and hash as a known one, so that neither the
    response nor its delay reveals who has an account.

    Raises: InvalidCredentials, TooManyAttempts, both also for unknown addresses.
    """
    attempt = rate_limits.start_login_attempt(credentials.email, source)
    user = User.find_by_email(credentials.email)
    stored_hash = user.password_hash if user else None
    is_right = passwords.matches_hash(credentials.password, stored_hash)
    if user is None or not is_right or not _may_log_in(user):
        attempt.record_failure()
        raise InvalidCredentials("Invalid credentials")
    attempt.record_success()
    _renew_password_hash(user, credentials.password)
    tokens = sessions.start_session(user)
    return LoginTokens(
        token=tokens.token,
        refresh_token=tokens.refresh_token,
        user_id=tokens.user_id,
        message="Login successful",
        expires_in=tokens.expires_in,
    )


def get_profile(caller: auth.Caller, user_id: str | None) -> Profile:
    """Read the caller's own account, or for staff anybody's.

    Raises: SessionEnded, NotYours, UserNotFound.
    """
    user = sessions.require_session(caller)
    user_id = auth.acting_for(caller, user_id, Scope.CUSTOMERS_READ)
    return _profile(user if user_id == user.user_id else users.get_user(user_id))


def list_users(caller: auth.Caller, query: UsersQuery) -> list[Profile]:
    """Return the account of an address to staff, none if there is none (any more).

    Raises: SessionEnded.
    """
    sessions.require_session(caller)
    user = User.find_by_email(query.email)
    return [] if user is None else [_profile(user)]


def update_profile(caller: auth.Caller, patch: ProfilePatch) -> Profile:
    """Change the caller's own name or phone. Idempotent.

    Undone by changing them back.

    Raises: SessionEnded.
    """
    user = sessions.require_session(caller)
    actions: list[Action] = []
    if patch.name is not UNSET:
        actions.append(User.name.set(patch.name))
    if patch.phone is not UNSET:
        actions.append(User.phone.set(patch.phone) if patch.phone else User.phone.remove())
    if actions and not user.update_existing(*actions):
        raise SessionEnded
    return _profile(user)


def export_account(caller: auth.Caller) -> AccountExport:
    """Read all that this service stores of the caller. Raises: SessionEnded."""
    user = sessions.require_session(caller)
    return AccountExport(
        exported_at=clock.now(),
        profile=_profile(user),
        email_verified_at=user.email_verified_at,
        sessions=[_exported_session(session) for session in sessions.list_active_sessions(user)],
        mails=[_exported_mail(mail) for mail in mails.list_mails(user.user_id)],
        addresses=addresses.list_addresses(user.user_id),
        elsewhere=list(ELSEWHERE),
    )


def delete_account(caller: auth.Caller, request: AccountDeletion, source: str) -> Confirmation:
    """Erase the caller's account.

    Other services erase cart and notification texts later. Orders stay, as the law requires, and
    know their customer by id alone. The address is free again. Nothing undoes it. A repeat has no
    session, and raises SessionEnded.

    Raises: SessionEnded, InvalidCredentials, TooManyAttempts.
    """
    user = sessions.require_session(caller)
    _confirm_password(user, request.password, source)
    deletion.erase_account(user)
    return Confirmation(message="Account deleted")


def _renew_password_hash(user: User, password: str) -> None:
    """Replace a hash from before passwords were normalized.

    A concurrent change of the password stays.
    """
    renewed = passwords.renew_hash(password, user.password_hash)
    if renewed is not None:
        dynamodb.update_if(
            user, [User.password_hash.set(renewed)], User.password_hash == user.password_hash
        )


def _may_log_in(user: User) -> bool:
    """Whether the account's address is verified, where the stage requires that.

    Login treats an unverified address like a wrong password: otherwise a login after a
    registration would reveal whether the address was free.
    """
    is_required = settings.integer("LOGIN_NEEDS_VERIFIED_EMAIL", 1)
    return user.email_verified_at is not None or not is_required


def _confirm_password(user: User, password: str, source: str) -> None:
    """Check the account's password, rate limited like a login.

    The access token may be stolen.

    Raises: InvalidCredentials, TooManyAttempts.
    """
    attempt = rate_limits.start_login_attempt(user.email, source)
    if not passwords.matches_hash(password, user.password_hash):
        attempt.record_failure()
        raise InvalidCredentials("password: not the account's")
    attempt.record_success()


def _profile(user: User) -> Profile:
    return Profile(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        phone=user.phone,
        role=user.role,
        created_at=user.created_at,
        email_verified=user.email_verified_at is not None,
    )


def _exported_session(session: Session) -> ExportedSession:
    password_set_at = session.password_set_at
    return ExportedSession(
        session_id=session.session_id,
        created_at=session.created_at,
        renewed_at=clock.iso(session.renewed_at),
        expires_at=clock.iso(session.expires_at),
        password_set_at=clock.iso(password_set_at) if password_set_at else None,
    )


def _exported_mail(mail: Mail) -> ExportedMail:
    return ExportedMail(kind=mail.kind, sent_at=mail.sent_at)
