"""What can go wrong with a notification."""


class RecipientUnknown(Exception):
    """The user does not exist, or has no address of the kind that the notification needs. Repeating does not help."""
