"""The verbs of the account: log in, look at it, change it, take it away, close it. Opening it is in `registration`."""

from msgspec import UNSET
from pynamodb.expressions.update import Action

from chalicelib.attempts import service as attempts
from chalicelib.mails.models import Mail
from chalicelib.sessions import service as sessions
from chalicelib.sessions.errors import SessionEnded
from chalicelib.users import deletion, passwords
from chalicelib.users.errors import InvalidCredentials, UserNotFound
from chalicelib.users.models import User
from chalicelib.users.schemas import (
    Credentials,
    Deletion,
    Done,
    Export,
    ExportedMail,
    ExportedSession,
    GrantRole,
    LoggedIn,
    Profile,
    ProfileChanges,
    RoleGranted,
)
from common import auth, clock, ids, log, settings

# Where the rest of the shop shows a customer what it keeps of them: user-service reads nobody else's tables.
ELSEWHERE = ("/orders", "/cart")


def login(credentials: Credentials, source: str) -> LoggedIn:
    """Tokens for whoever knows the password, and a session that they renew; InvalidCredentials for anybody else.

    An unknown address costs the same reads, writes and hash as a known one, so that neither the answer nor its delay tells who
    has an account; TooManyAttempts comes for both alike. Each login begins a session of its own.
    """
    attempt = attempts.begin(credentials.email, source)
    user = User.owning(credentials.email)
    if (
        not passwords.matches(credentials.password, user.password_hash if user else None)
        or user is None
    ):
        attempt.failed()
        raise InvalidCredentials("Invalid credentials")
    if user.email_verified_at is None and settings.integer("LOGIN_NEEDS_VERIFIED_EMAIL", 1):
        # As if the password were wrong: a registration followed by a login would else tell whether the address was free.
        attempt.failed()
        raise InvalidCredentials("Invalid credentials")
    attempt.succeeded()
    begun = sessions.begin(user)
    return LoggedIn(
        token=begun.token,
        refresh_token=begun.refresh_token,
        user_id=user.user_id,
        message="Login successful",
        expires_in=begun.expires_in,
    )


def profile(caller: auth.Caller, wanted: str | None) -> Profile:
    """The caller's own account, or for an admin anybody's; SessionEnded, NotYours, UserNotFound. Changes nothing."""
    user = sessions.insist(caller)
    user_id = auth.acting_for(caller, wanted)
    if user_id != user.user_id:
        return _profile(_existing(user_id))
    return _profile(user)


def _existing(user_id: str) -> User:
    user = User.find(user_id)
    if user is None:
        raise UserNotFound("User not found")
    return user


def change_profile(caller: auth.Caller, changes: ProfileChanges) -> Profile:
    """Change the caller's own name or phone; SessionEnded. Safe to repeat; undone by changing them back."""
    user = sessions.insist(caller)
    actions: list[Action] = []
    if changes.name is not UNSET:
        actions.append(User.name.set(changes.name))
    if changes.phone is not UNSET:
        actions.append(User.phone.set(changes.phone) if changes.phone else User.phone.remove())
    if actions and not user.changed(*actions):
        raise SessionEnded("your session has ended; log in again")
    return _profile(user)


def export(caller: auth.Caller) -> Export:
    """All that this service keeps of the caller; SessionEnded. Changes nothing."""
    user = sessions.insist(caller)
    return Export(
        exported_at=clock.now(),
        profile=_profile(user),
        email_verified_at=user.email_verified_at,
        sessions=[
            ExportedSession(
                session_id=session.session_id,
                created_at=session.created_at,
                renewed_at=clock.iso(session.renewed_at),
                expires_at=clock.iso(session.expires_at),
                password_set_at=clock.iso(session.password_set_at)
                if session.password_set_at
                else None,
            )
            for session in sessions.going_on(user)
        ],
        mails=[
            ExportedMail(kind=mail.kind, sent_at=mail.sent_at)
            for mail in Mail.query(user.user_id, consistent_read=True)
        ],
        elsewhere=list(ELSEWHERE),
    )


def delete(caller: auth.Caller, wanted: Deletion, source: str) -> Done:
    """Erase the caller's account: name, address, phone, password, sessions and mails; and, by and by, cart and notifications.
    Orders stay, as the law wants it, and know their customer by id alone.

    Raises SessionEnded, InvalidCredentials, TooManyAttempts. Nothing undoes it; the address is free again. A repeat finds no
    session, and so raises SessionEnded.
    """
    user = sessions.insist(caller)
    _confirm_password(user, wanted.password, source)
    deletion.erase(user)
    return Done(message="Account deleted")


def grant_role(grant: GrantRole) -> RoleGranted:
    """Give an account this role; UserNotFound if there is none. Safe to repeat; undone by granting the other role.

    It shows in tokens from the next login or refresh on: those given out before keep their role until they expire.
    """
    user = (
        User.owning(grant.email)
        if grant.email
        else User.find(ids.parse("USER", str(grant.user_id)))
    )
    before = user.role if user else None
    if user is None or not user.changed(User.role.set(grant.role)):
        raise UserNotFound("User not found")
    said = {
        "grantedBy": grant.granted_by or "unsaid",
        "userId": user.user_id,
        "before": before,
        "role": grant.role,
    }
    log.logger.info("role granted", extra=said)
    return RoleGranted(user_id=user.user_id, email=user.email, role=grant.role)


def _confirm_password(user: User, password: str, source: str) -> None:
    """InvalidCredentials unless it is the account's; TooManyAttempts. A stolen access token guesses no faster than a guest."""
    attempt = attempts.begin(user.email, source)
    if not passwords.matches(password, user.password_hash):
        attempt.failed()
        raise InvalidCredentials("password: not the account's")
    attempt.succeeded()


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
