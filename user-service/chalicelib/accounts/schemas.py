"""Bodies of requests and responses, and the messages of account-deletion-queue."""

import re
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.addresses.schemas import AddressView
from chalicelib.users.schemas import EmailStr, NonEmptyStr
from common import text
from common.schemas import Schema

# What HTML accepts for <input type=email>, with a dot in the domain and no stray one before the @.
# ASCII only, as SES requires: https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL_PART, _DOMAIN = rf"{_ATOM}(?:\.{_ATOM})*", rf"{_LABEL}(?:\.{_LABEL})+"
_EMAIL = re.compile(rf"(?=.{{1,64}}@)(?=.{{1,254}}\Z){_LOCAL_PART}@{_DOMAIN}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_MAX_NAME_LENGTH = 100

MailTokenStr = Annotated[str, Meta(min_length=1, max_length=256)]


class Registration(Schema):
    """A new customer account. The shop assigns its userId."""

    email: str
    password: str
    name: str
    phone: str | None = None

    def __post_init__(self) -> None:
        self.email, self.name = text.trim(self.email), _parse_name(self.name)
        if not _EMAIL.fullmatch(self.email):
            raise ValueError("email: expected an address such as jimmy@example.com")
        _validate_phone(self.phone)


def _parse_name(name: str) -> str:
    return text.parse_line("name", name, _MAX_NAME_LENGTH)


def _validate_phone(phone: str | None) -> None:
    if phone is not None and not _PHONE.fullmatch(phone):
        raise ValueError("phone: expected a number in E.164 form such as +14155550123")


class RegisteredUser(Schema):
    """The id of the registered user."""

    message: str
    user_id: str


class Credentials(Schema):
    """An address and its password."""

    email: EmailStr
    password: NonEmptyStr

    def __post_init__(self) -> None:
        self.email = text.trim(self.email)


class LoginTokens(Schema):
    """An access token, which expires after so many seconds, and a refresh token."""

    token: str
    refresh_token: str
    user_id: str
    message: str
    expires_in: int


class ProfileQuery(Schema):
    """The user whose profile is requested, by default the caller."""

    user_id: Annotated[
        str | None, Meta(description="Whose profile: your own if left out. Admins name anybody.")
    ] = None


class UsersQuery(Schema):
    """The address whose account is looked for."""

    email: Annotated[EmailStr, Meta(description="The whole address, in any case.")]

    def __post_init__(self) -> None:
        self.email = text.trim(self.email)


class Profile(Schema):
    """What a customer, or an admin, sees of an account."""

    user_id: str
    email: str
    name: str
    role: str
    created_at: str
    email_verified: bool
    phone: str | None = None


class ProfilePatch(Schema):
    """The fields to change. Absent ones stay, and a phone of null is removed."""

    name: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if isinstance(self.name, str):
            self.name = _parse_name(self.name)
        if isinstance(self.phone, str):
            _validate_phone(self.phone)


class PasswordChange(Schema):
    """The current password and the new one."""

    password: NonEmptyStr
    new_password: NonEmptyStr


class PasswordResetRequest(Schema):
    """The address of the account whose password was forgotten."""

    email: EmailStr

    def __post_init__(self) -> None:
        self.email = text.trim(self.email)


class PasswordReset(Schema):
    """The token of the mail, and the new password."""

    token: MailTokenStr
    new_password: NonEmptyStr


class EmailVerification(Schema):
    """The token of the mail, and the password that the account is to have."""

    token: MailTokenStr
    password: NonEmptyStr


class AccountDeletion(Schema):
    """The password of the account, as a confirmation."""

    password: NonEmptyStr


class AccountErasure(Schema):
    """A deleted account, and when no access token of it is valid any more."""

    user_id: str
    due: int
    correlation_id: str | None = None


class Confirmation(Schema):
    """The outcome in words."""

    message: str


class ExportedSession(Schema):
    """An active session."""

    session_id: str
    created_at: str
    renewed_at: str
    expires_at: str
    password_set_at: str | None = None


class ExportedMail(Schema):
    """The last mail of a kind."""

    kind: str
    sent_at: str | None = None


class AccountExport(Schema):
    """All that this service stores of the caller.

    Tokens and passwords are stored as digests only. `elsewhere` lists the routes that return what
    other services store, for the same access token.
    """

    exported_at: str
    profile: Profile
    sessions: list[ExportedSession]
    mails: list[ExportedMail]
    addresses: list[AddressView]
    elsewhere: list[str]
    email_verified_at: str | None = None
