import random
import time

import pytest

from common.retry import RetryPolicy


@pytest.fixture
def pauses(monkeypatch):
    """The longest that each pause may be: the jitter is taken away, and nobody sleeps."""
    slept = []
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_pauses_double_up_to_their_maximum(pauses):
    assert list(RetryPolicy(5, 0.1, 0.3).attempts()) == [0, 1, 2, 3, 4]
    assert pauses == [0.1, 0.2, 0.3, 0.3]


def test_nobody_waits_before_the_first_attempt_or_after_success(pauses):
    for _ in RetryPolicy(3, 0.1).attempts():
        break
    assert pauses == []
