"""Bodies accepted and returned."""

import re
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from common import http

# What the HTML standard takes for <input type=email>, with a dot in the domain and none astray before the @. ASCII only,
# as SES wants it: https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@)(?=.{{1,254}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_NAME_LENGTH = 100

# Longer than any password, so that how long one is does not decide what the answer is.
Given = Annotated[str, Meta(min_length=1, max_length=1024)]
MailTokenText = Annotated[str, Meta(min_length=1, max_length=256)]
# A longer text is nobody's address, and too long for a key in DynamoDB.
GivenEmail = Annotated[str, Meta(min_length=1, max_length=320)]


class Registration(http.Body):
    """Who wants an account; the shop itself gives out the userId."""

    email: str
    password: str
    name: str
    phone: str | None = None

    def __post_init__(self) -> None:
        self.email, self.name = self.email.strip(), _name(self.name)
        if not _EMAIL.fullmatch(self.email):
            raise ValueError("email: expected an address such as jimmy@example.com")
        _check_phone(self.phone)


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= _NAME_LENGTH or not name.isprintable():
        raise ValueError(f"name: expected 1 to {_NAME_LENGTH} printable characters")
    return name


def _check_phone(phone: str | None) -> None:
    if phone is not None and not _PHONE.fullmatch(phone):
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
    """The access token, which expires after so many seconds, and what the next one is asked for with."""

    token: str
    refresh_token: str
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
    email_verified: bool
    phone: str | None = None


class ProfileChanges(http.Body):
    """What is to change; what is left out stays, and a phone of null goes."""

    name: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if isinstance(self.name, str):
            self.name = _name(self.name)
        if isinstance(self.phone, str):
            _check_phone(self.phone)


class PasswordChange(http.Body):
    """The password as it is, and as it is to be."""

    password: Given
    new_password: Given


class ForgottenPassword(http.Body):
    """Whose password is to be chosen anew."""

    email: GivenEmail


class PasswordReset(http.Body):
    """The token out of the mail, and the password that is to be."""

    token: MailTokenText
    new_password: Given


class EmailVerification(http.Body):
    """The token out of the mail."""

    token: MailTokenText


class Deletion(http.Body):
    """Who wants to delete their account says their password."""

    password: Given


class Erasure(http.Body):
    """What waits in account-deletion-queue: whose account was deleted, and from when on nobody acts for it any more."""

    user_id: str
    due: int
    correlation_id: str | None = None


class Done(http.Body):
    """The answer to what has nothing else to say."""

    message: str


class ExportedSession(http.Body):
    """A login that goes on."""

    session_id: str
    created_at: str
    renewed_at: str
    expires_at: str
    password_set_at: str | None = None


class ExportedMail(http.Body):
    """The last mail of a kind."""

    kind: str
    sent_at: str | None = None


class Export(http.Body):
    """All that this service keeps of somebody; of tokens and the password it has only digests, which say nothing.

    `elsewhere` are the routes at which the same access token gets what other services keep.
    """

    exported_at: str
    profile: Profile
    sessions: list[ExportedSession]
    mails: list[ExportedMail]
    elsewhere: list[str]
    email_verified_at: str | None = None


class GrantRole(http.Body):
    """Who gets which role, by id or by address, not both; and by whose will, as whoever invokes this says."""

    role: Literal["admin", "customer"]
    user_id: str | None = None
    email: GivenEmail | None = None
    granted_by: Annotated[str, Meta(max_length=256)] | None = None

    def __post_init__(self) -> None:
        if (self.user_id is None) == (self.email is None):
            raise ValueError("expected either userId or email")


class RoleGranted(http.Body):
    """Who has which role now."""

    user_id: str
    email: str
    role: str
