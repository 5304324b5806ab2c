"""What waits in user-mail-queue."""

from typing import Literal

from common import http

Kind = Literal["REGISTRATION", "EMAIL_VERIFICATION", "PASSWORD_RESET", "PASSWORD_CHANGED"]

REGISTRATION: Kind = "REGISTRATION"
EMAIL_VERIFICATION: Kind = "EMAIL_VERIFICATION"
PASSWORD_RESET: Kind = "PASSWORD_RESET"  # noqa: S105 - a kind of mail
PASSWORD_CHANGED: Kind = "PASSWORD_CHANGED"  # noqa: S105 - a kind of mail
ADDRESS_TAKEN = "ADDRESS_TAKEN"  # what a registration comes to if somebody has the address


class Wanted(http.Body):
    """A mail that is to go to an account, or to whoever has an address; whether there is one is found out when it is sent."""

    kind: Kind
    request_id: str
    asked_at: int
    user_id: str = "USER#nobody"
    email: str = "nobody"
