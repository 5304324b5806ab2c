"""Bodies accepted and returned."""

import re
from typing import Annotated, Literal

from msgspec import Meta

from common import http

# What the HTML standard takes for <input type=email>, with a dot in the domain and none astray before the @. ASCII only,
# as SES wants it: https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@)(?=.{{1,254}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_NAME_LENGTH = 100

Given = Annotated[str, Meta(min_length=1)]
# A longer text is nobody's address, and too long for a key in DynamoDB.
GivenEmail = Annotated[str, Meta(min_length=1, max_length=320)]


class Registration(http.Body):
    """Who wants an account; the shop itself gives out the userId."""

    email: str
    password: str
    name: str
    phone: str | None = None

    def __post_init__(self) -> None:
        self.email, self.name = self.email.strip(), self.name.strip()
        if not _EMAIL.fullmatch(self.email):
            raise ValueError("email: expected an address such as jimmy@example.com")
        if not 0 < len(self.name) <= _NAME_LENGTH or not self.name.isprintable():
            raise ValueError(f"name: expected 1 to {_NAME_LENGTH} printable characters")
        if self.phone is not None and not _PHONE.fullmatch(self.phone):
            raise ValueError("phone: expected a number in E.164 form such as +14155550123")


class Registered(http.Body):
    """The answer to a registration."""

    message: str
    user_id: str


class Credentials(http.Body):
    """An address and its password."""

    email: GivenEmail
    password: Given


class LoggedIn(http.Body):
    """The access token; it expires after so many seconds."""

    token: str
    user_id: str
    message: str
    expires_in: int


class ProfileQuery(http.Body):
    """Whose profile; the caller's own if nobody is named."""

    user_id: str | None = None


class Profile(http.Body):
    """What a customer, or an admin, sees of an account."""

    user_id: str
    email: str
    name: str
    role: str
    created_at: str


class GrantRole(http.Body):
    """Who gets which role: by id or by address, not both."""

    role: Literal["admin", "customer"]
    user_id: str | None = None
    email: GivenEmail | None = None

    def __post_init__(self) -> None:
        if (self.user_id is None) == (self.email is None):
            raise ValueError("expected either userId or email")


class RoleGranted(http.Body):
    """Who has which role now."""

    user_id: str
    email: str
    role: str
