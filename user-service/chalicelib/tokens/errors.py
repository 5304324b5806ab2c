"""What can go wrong with signing keys."""


class SigningKeysMissing(Exception):
    """No key has been made yet: rotate-signing-key makes the first one, too."""


class RotationUnderWay(Exception):
    """Another rotation has not ended; trying again a minute later is right."""
