"""Messages of user-mail-queue."""

from enum import StrEnum

from common.schemas import Schema


class RequestKind(StrEnum):
    """The reasons to send mail.

    Which mails follow is decided when the request is processed.
    """

    REGISTRATION = "REGISTRATION"
    EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
    WELCOME = "WELCOME"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a reason to send mail
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a reason to send mail


class MailRequest(Schema):
    """A mail to an account, or to the owner of an address. Neither need exist."""

    kind: RequestKind
    request_id: str
    asked_at: int
    user_id: str = "USER#nobody"
    email: str = "nobody"
