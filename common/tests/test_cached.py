import time

import pytest

from common.cached import Cached


class Down(Exception):
    pass


class Elsewhere:
    """Counts its fetches, and fails while it is down."""

    def __init__(self):
        self.fetches, self.is_down = 0, False

    def fetch(self):
        if self.is_down:
            raise Down
        self.fetches += 1
        return self.fetches


@pytest.fixture
def elsewhere():
    return Elsewhere()


@pytest.fixture
def cached(elsewhere):
    return Cached(elsewhere.fetch, seconds=300, outages=(Down,), retry_seconds=5)


@pytest.fixture
def wait(monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def advance(seconds):
        now[0] += seconds

    return advance


def test_a_value_is_fetched_once_while_it_is_fresh(cached, wait):
    assert cached.get() == 1
    wait(299)
    assert cached.get() == 1


def test_an_old_value_is_fetched_again(cached, wait):
    cached.get()
    wait(301)
    assert cached.get() == 2


def test_a_caller_may_ask_for_a_newer_value(cached, wait):
    cached.get()
    wait(6)
    assert cached.get(max_age=5) == 2
    assert cached.get(max_age=5) == 2


def test_an_outage_leaves_the_old_value_in_use(cached, elsewhere, wait):
    cached.get()
    elsewhere.is_down = True
    wait(301)
    assert cached.get() == 1


def test_after_an_outage_the_next_fetch_waits_a_little(cached, elsewhere, wait):
    cached.get()
    elsewhere.is_down = True
    wait(301)
    cached.get()
    elsewhere.is_down = False
    wait(4)
    assert cached.get() == 1
    wait(2)
    assert cached.get() == 2


def test_an_outage_is_raised_while_there_is_no_value(cached, elsewhere):
    elsewhere.is_down = True
    with pytest.raises(Down):
        cached.get()
    elsewhere.is_down = False
    assert cached.get() == 1


def test_a_cleared_value_is_fetched_again(cached):
    cached.get()
    cached.clear()
    assert cached.get() == 2
