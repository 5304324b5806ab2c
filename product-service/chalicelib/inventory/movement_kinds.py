"""How stock comes and leaves other than by an order."""

from enum import StrEnum


class MovementKind(StrEnum):
    """How stock came or left other than by an order."""

    INITIAL = "INITIAL"  # with the product
    OPENING = "OPENING"  # what was supplied before there was a ledger
    SET = "SET"
    ADJUSTED = "ADJUSTED"
