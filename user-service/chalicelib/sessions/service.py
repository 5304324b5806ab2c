"""The verbs of a session: begin it, renew its tokens, end it, end them all."""

import secrets
from typing import NoReturn

from pynamodb.exceptions import UpdateError

from chalicelib.sessions.errors import InvalidRefreshToken, SessionEnded
from chalicelib.sessions.models import Session
from chalicelib.sessions.refresh_tokens import RefreshToken
from chalicelib.sessions.schemas import Refreshed
from chalicelib.tokens import service as tokens
from chalicelib.tokens.digests import digest, is_of
from chalicelib.users.models import User
from common import auth, clock, dynamodb, ids, log, settings

_DAY = 86400
REPEAT_SECONDS = 10  # a client whose answer got lost asks again sooner than this


def begin(user: User) -> Refreshed:
    """A new session's first tokens. Nothing undoes a repeat but the session's end; it expires unused."""
    now, token = clock.epoch(), RefreshToken.made(user.user_id, ids.new("SESSION"))
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
    return _answer(user, token)


def renew(text: str) -> Refreshed:
    """New tokens for the bearer of a refresh token, which is used up by that; InvalidRefreshToken if it is worth nothing.

    Safe to repeat for REPEAT_SECONDS: the same token gives the same successor. Later, or once the successor was used, a used
    token means that two have it: the session ends, for both. RFC 9700, 4.14.2.
    """
    token, overtaken = RefreshToken.parsed(text), False
    while True:
        user, session = User.find(token.user_id), Session.find(token.user_id, token.session_id)
        if user is None or session is None or not _goes_on(session, user):
            raise InvalidRefreshToken("Invalid refresh token")
        if not is_of(token.family, session.family_hash):
            raise InvalidRefreshToken("Invalid refresh token")
        successor = token.successor(session.seed)
        if _was_just_renewed(session, token) or (
            overtaken and is_of(successor.secret, session.current_hash)
        ):
            return _answer(user, successor)
        if not is_of(token.secret, session.current_hash):
            _end_reused(session)
        if _moved_on(session, successor):
            return _answer(user, successor)
        # The same token was used at the same moment; or by this very call, whose answer got lost: look again.
        overtaken = True


def end(caller: auth.Caller, everywhere: bool) -> None:
    """End the caller's session, or all sessions of the account. Safe to repeat: who is out already ends nothing more.

    Refresh tokens are worth nothing from then on. Access tokens are refused here at once, and by the other services once they
    have expired, TOKEN_TTL_SECONDS after they were given out at most.
    """
    try:
        user = insist(caller)
    except SessionEnded:
        return
    if everywhere:
        user.changed(User.session_epoch.add(1))  # a deleted account has no sessions to end
    Session(caller.user_id, caller.session_id).delete()


def insist(caller: auth.Caller) -> User:
    """The caller's account; SessionEnded if their session goes on no more, whatever their access token says."""
    user = User.find(caller.user_id)
    session = Session.find(caller.user_id, caller.session_id) if caller.session_id else None
    if user is None or session is None or not _goes_on(session, user):
        raise SessionEnded("your session has ended; log in again")
    return user


def going_on(user: User) -> list[Session]:
    """The account's sessions, oldest first."""
    rows = Session.query(user.user_id, consistent_read=True)
    return [session for session in rows if _goes_on(session, user)]


def forget(user_id: str) -> None:
    """Delete what is kept of an account's sessions. Safe to repeat."""
    for session in Session.query(user_id, consistent_read=True):
        session.delete()


def _goes_on(session: Session, user: User) -> bool:
    return session.epoch == user.session_epoch and session.expires_at > clock.epoch()


def _was_just_renewed(session: Session, token: RefreshToken) -> bool:
    """Whether this is the repeat of the last renewal, asked for before its answer can have been used."""
    recently = clock.epoch() - session.renewed_at <= REPEAT_SECONDS
    return recently and is_of(token.secret, session.previous_hash)


def _moved_on(session: Session, successor: RefreshToken) -> bool:
    """Have the session take the next token; False if another request was first, or this very one, unheard."""
    now, used = clock.epoch(), session.current_hash
    try:
        session.update(
            actions=[
                Session.previous_hash.set(used),
                Session.current_hash.set(digest(successor.secret)),
                Session.renewed_at.set(now),
                Session.expires_at.set(_expiry(session, now)),
            ],
            condition=Session.current_hash == used,
        )
    except UpdateError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
        return False
    return True


def _end_reused(session: Session) -> NoReturn:
    session.delete()
    log.logger.warning(
        "refresh token came twice; its session was ended",
        extra={"userId": session.user_id, "sessionId": session.session_id},
    )
    raise InvalidRefreshToken("Invalid refresh token")


def _expiry(session: Session, now: int) -> int:
    return int(min(now + settings.integer("REFRESH_TTL_SECONDS", 30 * _DAY), session.ends_at))


def _answer(user: User, refresh: RefreshToken) -> Refreshed:
    access = tokens.issue(user.user_id, user.email, user.role, refresh.session_id)
    return Refreshed(
        token=access.text,
        refresh_token=refresh.text(),
        user_id=user.user_id,
        expires_in=access.lives_seconds,
    )
