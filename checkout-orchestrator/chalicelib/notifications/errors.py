"""What can go wrong with a notification."""


class RecipientGone(Exception):
    """The customer deleted the account, so there is nobody to notify."""


class RecipientUnknown(Exception):
    """There is no such user, or no address of the kind that is needed. Not retryable."""


class RecipientSuppressed(Exception):
    """Mails to the address end: one bounced, or its owner complained."""
