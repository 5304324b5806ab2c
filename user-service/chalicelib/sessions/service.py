"""Start a session, refresh its tokens, end it, or end all sessions of an account."""

import secrets
from typing import NoReturn

from chalicelib.sessions.errors import InvalidRefreshToken, SessionEnded
from chalicelib.sessions.models import Session
from chalicelib.sessions.refresh_tokens import RefreshToken
from chalicelib.sessions.schemas import SessionTokens
from chalicelib.tokens import service as tokens
from chalicelib.tokens.digests import digest, matches_digest
from chalicelib.users.models import User
from common import auth, clock, dynamodb, ids, log, settings

_DAY = 86400
REPEAT_SECONDS = 10  # a client that lost the response repeats its request sooner than this


def start_session(user: User) -> SessionTokens:
    """Start a session and issue its first tokens. Not idempotent.

    An unused session expires.
    """
    now, token = clock.epoch(), RefreshToken.create(user.user_id, ids.new("SESSION"))
    session = Session(
        token.user_id,
        token.session_id,
        epoch=user.session_epoch,
        family_hash=digest(token.family),
        seed=secrets.token_hex(32),
        current_hash=digest(token.secret),
        renewed_at=now,
        created_at=clock.now(),
        ends_at=now + settings.integer("SESSION_TTL_SECONDS", 90 * _DAY),
    )
    session.expires_at = _expiry(session, now)
    session.save()
    return _issue_tokens(user, token)


def refresh_session(text: str) -> SessionTokens:
    """Exchange a refresh token, which is used up by that, for new tokens.

    Idempotent for REPEAT_SECONDS: the same token gives the same successor. Later, or once the
    successor was used, a used token means that two parties have it: the session ends for both
    (RFC 9700, 4.14.2).

    Raises: InvalidRefreshToken.
    """
    token, has_conflicted = RefreshToken.parse(text), False
    while True:
        user, session = _get_active_session(token)
        successor = token.successor(session.seed)
        is_own_rotation = has_conflicted and matches_digest(successor.secret, session.current_hash)
        if is_own_rotation or _is_recent_repeat(session, token):
            return _issue_tokens(user, successor)
        if not matches_digest(token.secret, session.current_hash):
            _end_reused_session(session)
        if _rotate(session, successor):
            return _issue_tokens(user, successor)
        # A concurrent request used the token, or this very call did and lost the response: reread.
        has_conflicted = True


def end_session(caller: auth.Caller, everywhere: bool) -> None:
    """End the caller's session, or all sessions of the account.

    Idempotent: a caller whose session has ended ends nothing more. Refresh tokens are invalid
    from then on, access tokens in this service, too; other services accept them until they expire,
    TOKEN_TTL_SECONDS after they were issued at most.
    """
    try:
        user = require_session(caller)
    except SessionEnded:
        return
    if everywhere:
        user.update_existing(User.session_epoch.add(1))  # a deleted account has no sessions
    Session(caller.user_id, caller.session_id).delete()


def require_session(caller: auth.Caller) -> User:
    """Return the caller's account.

    Raises: SessionEnded if their session is not active, even if their access token is valid.
    """
    user, session = User.find(caller.user_id), _find_session(caller)
    if user is None or session is None or not _is_active(session, user):
        raise SessionEnded
    return user


def list_active_sessions(user: User) -> list[Session]:
    """List the account's active sessions, oldest first."""
    sessions = Session.query(user.user_id, consistent_read=True)
    return [session for session in sessions if _is_active(session, user)]


def delete_all(user_id: str) -> None:
    """Delete all sessions of an account. Idempotent."""
    for session in Session.query(user_id, consistent_read=True):
        session.delete()


def _find_session(caller: auth.Caller) -> Session | None:
    if not caller.session_id:
        return None
    return dynamodb.find(Session, caller.user_id, caller.session_id)


def _get_active_session(token: RefreshToken) -> tuple[User, Session]:
    user = User.find(token.user_id)
    session = dynamodb.find(Session, token.user_id, token.session_id)
    if user is None or session is None or not _is_active(session, user):
        raise InvalidRefreshToken
    if not matches_digest(token.family, session.family_hash):
        raise InvalidRefreshToken
    return user, session


def _is_active(session: Session, user: User) -> bool:
    return session.epoch == user.session_epoch and session.expires_at > clock.epoch()


def _is_recent_repeat(session: Session, token: RefreshToken) -> bool:
    """Whether this repeats the last refresh before its response can have been used."""
    is_recent = clock.epoch() - session.renewed_at <= REPEAT_SECONDS
    return is_recent and matches_digest(token.secret, session.previous_hash)


def _rotate(session: Session, successor: RefreshToken) -> bool:
    """Replace the session's refresh token. False if it has been replaced already."""
    now, used = clock.epoch(), session.current_hash
    actions = [
        Session.previous_hash.set(used),
        Session.current_hash.set(digest(successor.secret)),
        Session.renewed_at.set(now),
        Session.expires_at.set(_expiry(session, now)),
    ]
    return dynamodb.update_if(session, actions, Session.current_hash == used)


def _end_reused_session(session: Session) -> NoReturn:
    session.delete()
    log.logger.warning(
        "refresh token used twice, session ended",
        extra={"userId": session.user_id, "sessionId": session.session_id},
    )
    raise InvalidRefreshToken


def _expiry(session: Session, now: int) -> int:
    return min(now + settings.integer("REFRESH_TTL_SECONDS", 30 * _DAY), session.ends_at)


def _issue_tokens(user: User, refresh: RefreshToken) -> SessionTokens:
    access = tokens.issue_access_token(user.user_id, user.email, user.role, refresh.session_id)
    return SessionTokens(
        token=access.text,
        refresh_token=refresh.serialize(),
        user_id=user.user_id,
        expires_in=access.lifetime_seconds,
    )
