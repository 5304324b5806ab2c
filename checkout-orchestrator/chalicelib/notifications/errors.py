"""What can go wrong with a notification."""


class RecipientGone(Exception):
    """The customer deleted the account, so there is nobody to notify."""


class RecipientUnknown(Exception):
    """There is no such user, or no address of the kind that is needed. Not retryable."""


class RecipientUnproved(Exception):
    """A guest's address that nobody proved, and an order that was not paid: no mail."""


class RecipientSuppressed(Exception):
    """Mails to the address end: one bounced, or its owner complained."""
