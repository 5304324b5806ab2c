"""Whole minor units: rounding, and sharing an amount without losing a unit."""

from collections.abc import Mapping

MILLION = 1_000_000  # rates are millionths: 8.875 % is 88,750


def part_of(amount: int, rate: int) -> int:
    """Return `rate` millionths of an amount, half a unit rounded up."""
    return _divide(amount * rate, MILLION)


def part_within(amount: int, rate: int) -> int:
    """Return what `rate` millionths added to an amount that now includes them."""
    return _divide(amount * rate, MILLION + rate)


def share(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Share an amount in proportion to weights, by largest remainder.

    The shares sum to the amount, and none exceeds its weight where the amount does not exceed
    their sum. Of equal remainders the first by name is rounded up. The
    weights are not negative, and one is positive unless the amount is 0.
    """
    total = sum(weights.values())
    if amount == 0:
        return dict.fromkeys(weights, 0)
    shares = {name: amount * weight // total for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: (-(amount * weights[name] % total), name))
    for name in by_remainder[: amount - sum(shares.values())]:
        shares[name] += 1
    return shares


def _divide(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
