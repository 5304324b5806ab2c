"""The verbs of access tokens: issue them, rotate what signs them."""

import time
from itertools import pairwise

import jwt

from chalicelib.tokens import keys
from chalicelib.tokens.models import turn
from chalicelib.tokens.schemas import AccessToken, Rotated
from common import auth, clock, log, settings

_QUARTER = 900
_SPREADS_SECONDS = auth.REFETCH_SECONDS + 1  # until each verifier may ask again that had just asked
_SLACK_SECONDS = 60  # clocks differ, and a request takes time


def issue(user_id: str, email: str, role: str, session_id: str) -> AccessToken:
    """A token that says who its bearer is, for TOKEN_TTL_SECONDS; SigningKeysMissing before the first rotation.

    It cannot be called back one by one: it expires, or all are revoked by rotating with revoke_old. This service alone asks
    whether its session still goes on.
    """
    key, now, lives = keys.current(), clock.epoch(), _lives_seconds()
    claims = {
        "iss": auth.ISSUER,
        "aud": auth.AUDIENCE,
        "sub": user_id,
        "email": email,
        "role": role,
        "sid": session_id,
        "iat": now,
        "exp": now + lives,
    }
    return AccessToken(
        jwt.encode(claims, key.private_key, algorithm="EdDSA", headers={"kid": key.kid}), lives
    )


def rotate(revoke_old: bool = False) -> Rotated:
    """Sign with a new key from now on; RotationUnderWay if another rotation runs.

    Tokens signed by earlier keys go on being believed until they have expired, or with revoke_old no longer than the
    verifiers' caches live. Takes seconds, so that every verifier can know the new key before it signs. Safe to repeat, also after
    a failure at any point: every key that can sign is published before it can, and a key that was published but never stored
    signs nothing and is gone with the next rotation.
    """
    with turn():
        ring = [keys.SigningKey.made(), *_alive(keys.stored())]
        # The first key of all waits for nobody: no token was believed yet.
        _switch_to(ring, _SPREADS_SECONDS if len(ring) > 1 else 0)
        if revoke_old:
            # Only now, when nobody is told to sign with an old key any more.
            ring = ring[:1]
            _switch_to(ring)
    log.logger.info("signing key rotated", extra={"kid": ring[0].kid, "revokeOld": revoke_old})
    return Rotated(current=ring[0].kid, published=[key.kid for key in ring])


def _switch_to(ring: list[keys.SigningKey], pause: float = 0) -> None:
    keys.publish(ring)
    time.sleep(pause)
    keys.store(keys.KeyRing.of(ring))


def _alive(old: list[keys.SigningKey]) -> list[keys.SigningKey]:
    """Those of the keys, newest first, whose tokens may not have expired: a key retired when its successor was made."""
    oldest = clock.iso(clock.epoch() - _lives_seconds() - keys.FRESH_SECONDS - _SLACK_SECONDS)
    return old[:1] + [key for successor, key in pairwise(old) if successor.created_at > oldest]


def _lives_seconds() -> int:
    return settings.integer("TOKEN_TTL_SECONDS", _QUARTER)
