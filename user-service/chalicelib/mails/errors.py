"""Errors of mails. `description` is published to the API's customers."""

from chalice import BadRequestError


class InvalidMailToken(BadRequestError):
    """The token is unknown, used, expired, or voided by a later mail."""

    description = (
        "The token is unknown, used, expired, or voided by a later mail: request a new mail."
    )

    def __init__(self) -> None:
        super().__init__("token: expected the one of the last mail; ask for a new mail")


class MailUnderWay(Exception):
    """Another delivery of the same message is sending the mail.

    SQS delivers the message again.
    """
