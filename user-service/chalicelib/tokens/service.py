"""Issue access tokens, and rotate the keys that sign them."""

import time
from itertools import pairwise

import jwt

from chalicelib.tokens import keys
from chalicelib.tokens.models import hold_rotation_lock
from chalicelib.tokens.schemas import AccessToken, KeyRotation
from common import auth, clock, log, settings

_MINUTE, _QUARTER = 60, 900
# A verifier that has just fetched the keys may fetch them again after this long.
_PROPAGATION_SECONDS = auth.REFETCH_SECONDS + 1
_SLACK_SECONDS = 60  # clocks differ, and a request takes time


def issue_access_token(user_id: str, email: str, role: str, session_id: str) -> AccessToken:
    """Sign a token for the user.

    It is valid for TOKEN_TTL_SECONDS, of staff for STAFF_TOKEN_TTL_SECONDS.

    Raises: SigningKeysMissing before the first rotation.
    A single token cannot be revoked: it expires, or all are revoked by rotating with revoke_old.
    Only user-service checks that its session is still active.
    """
    key, now, lifetime = keys.get_current_key(), clock.epoch(), _token_lifetime(role)
    claims = {
        "iss": auth.ISSUER,
        "aud": auth.AUDIENCE,
        "sub": user_id,
        "email": email,
        "role": role,
        "sid": session_id,
        "iat": now,
        "exp": now + lifetime,
    }
    text = jwt.encode(claims, key.private_key, algorithm="EdDSA", headers={"kid": key.kid})
    return AccessToken(text, lifetime)


def rotate_signing_key(revoke_old: bool = False) -> KeyRotation:
    """Create a key, publish it, and sign with it once every verifier can know it.

    Tokens of earlier keys stay valid until they expire; with revoke_old, no longer than the
    verifiers cache the keys. Takes seconds. May be repeated after a failure at any point: a key
    that was published but not stored signs nothing, and the next rotation drops it.

    Raises: RotationUnderWay if another rotation is running.
    """
    with hold_rotation_lock():
        ring = [keys.SigningKey.create(), *_unexpired(keys.list_keys())]
        # No verifier caches anything before the first key.
        _switch_to(ring, _PROPAGATION_SECONDS if len(ring) > 1 else 0)
        if revoke_old:
            # Only after the switch, when no Lambda is given an old key to sign with.
            ring = ring[:1]
            _switch_to(ring)
    log.logger.info("signing key rotated", extra={"kid": ring[0].kid, "revokeOld": revoke_old})
    return KeyRotation(current=ring[0].kid, published=[key.kid for key in ring])


def _switch_to(ring: list[keys.SigningKey], pause: float = 0) -> None:
    keys.publish_keys(ring)
    time.sleep(pause)
    keys.store_keys(ring)


def _unexpired(old: list[keys.SigningKey]) -> list[keys.SigningKey]:
    """Return the keys, newest first, whose tokens may not have expired.

    A key was retired when its successor was created.
    """
    oldest = clock.iso(clock.epoch() - _longest_lifetime() - keys.CACHE_SECONDS - _SLACK_SECONDS)
    return old[:1] + [key for successor, key in pairwise(old) if successor.created_at > oldest]


def _token_lifetime(role: str) -> int:
    """Return for how long a token is valid.

    The authorizer caches its decision for as long again as a token of staff lives: other services
    know a role for two minutes after it was taken away.
    """
    if role == auth.CUSTOMER:
        return _longest_lifetime()
    return settings.integer("STAFF_TOKEN_TTL_SECONDS", _MINUTE)


def _longest_lifetime() -> int:
    return settings.integer("TOKEN_TTL_SECONDS", _QUARTER)
