"""Errors of users and their passwords."""

from chalice import BadRequestError, NotFoundError


class PasswordTooShort(BadRequestError):
    """The shop requires a longer password; the message says how long."""


class PasswordTooLong(BadRequestError):
    """The password has more than the 72 bytes that are part of its hash."""


class UserNotFound(NotFoundError):
    """No user has this id or address."""
