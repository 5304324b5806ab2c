"""What can go wrong with a notification."""


class RecipientGone(Exception):
    """The customer has deleted the account: there is nobody left to tell."""


class RecipientUnknown(Exception):
    """The user does not exist, or has no address of the kind that the notification needs. Repeating does not help."""
