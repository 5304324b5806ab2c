"""What can go wrong with mails."""

from chalice import BadRequestError


class InvalidMailToken(BadRequestError):
    """Unknown, out of date, used, or voided by a later mail; which of them stays unsaid. Asking for a new mail is right."""

    def __init__(self) -> None:
        super().__init__("token: expected the one of the last mail; ask for a new mail")


class MailUnderWay(Exception):
    """Another delivery of the same message is at it; the message comes again."""
