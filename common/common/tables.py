"""How long a Lambda waits for DynamoDB: the settings of every table's model.

PynamoDB's own (15 s to connect, 30 s to read, three times) are longer than a saga step may take, so that a step would be
killed where it could have tried again.
"""

CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 3


class Meta:
    """Inherited by the Meta of each model."""

    connect_timeout_seconds = CONNECT_SECONDS
    read_timeout_seconds = READ_SECONDS
    max_retry_attempts = TRIES
