"""What can go wrong with a notification."""


class RecipientGone(Exception):
    """The customer deleted the account, so there is nobody to notify."""


class RecipientUnknown(Exception):
    """There is no such user, or no address of that kind. Not retryable."""


class RecipientUnproved(Exception):
    """The order of a guest, whose address nobody proved, is not paid: no mail."""


class RecipientSuppressed(Exception):
    """Mails to the address end: one bounced, or its owner complained."""
