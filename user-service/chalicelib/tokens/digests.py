"""Digests of random texts: what the shop keeps of a token that it gave out, enough to know it again."""

import hashlib
import hmac


def digest(text: str) -> str:
    """SHA-256 will do for what is random: nobody can try it out. A password needs bcrypt."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_of(text: str, kept: str | None) -> bool:
    """Whether this is the text whose digest was kept; how long that takes does not tell where they differ."""
    return kept is not None and hmac.compare_digest(digest(text), kept)
