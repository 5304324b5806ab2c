"""Errors of users and their passwords.

`description` is published to the API's customers.
"""

from chalice import BadRequestError, NotFoundError


class PasswordTooShort(BadRequestError):
    """The password has fewer characters than the stage's PASSWORD_MIN_LENGTH."""

    description = "The password is too short; the message says how long it must be."


class PasswordTooLong(BadRequestError):
    """The password has more bytes than bcrypt reads."""

    description = "The password has more than 72 bytes of UTF-8."


class UserNotFound(NotFoundError):
    """No user has this id or address."""

    description = "There is no user with this id."
