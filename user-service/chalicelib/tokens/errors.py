"""Errors of signing keys."""


class SigningKeysMissing(Exception):
    """There is no signing key yet. `rotate-signing-key` creates the first one, too."""


class RotationUnderWay(Exception):
    """Another rotation is running. Try again a minute later."""
