"""Errors of signing keys."""


class SigningKeysMissing(Exception):
    """There is no signing key yet; rotate-signing-key creates the first one, too."""


class RotationUnderWay(Exception):
    """Another rotation is running; try again a minute later."""
