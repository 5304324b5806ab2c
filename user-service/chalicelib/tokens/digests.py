"""Digests of random secrets: what the shop stores of a token that it has issued."""

import hashlib
import hmac


def digest(text: str) -> str:
    """Return the SHA-256 of a random text.

    Its entropy makes salt and bcrypt unnecessary.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def matches_digest(text: str, stored: str | None) -> bool:
    """Compare a text with a stored digest in constant time. Nothing matches None."""
    return stored is not None and hmac.compare_digest(digest(text), stored)
