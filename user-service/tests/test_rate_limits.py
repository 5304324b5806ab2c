"""Guessing passwords is slow, and whoever guesses shuts nobody else out."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.client
import pytest
from conftest import JIMMY

from chalicelib.rate_limits.models import Counter
from common import clock

HOME, CAFE, EVIL = "203.0.113.1", "198.51.100.7", "192.0.2.66"


@pytest.fixture
def travel(monkeypatch):
    """Stop the service's clock so many seconds after the test began."""
    begun = int(time.time())
    return lambda seconds: monkeypatch.setattr(clock, "epoch", lambda: begun + seconds)


@pytest.fixture(autouse=True)
def limits(monkeypatch, settings, travel):
    """Those of production; and no time goes by but what a test lets go by."""
    monkeypatch.setenv("ATTEMPTS_PER_SOURCE", "50")
    monkeypatch.setenv("REGISTRATIONS_PER_SOURCE", "100")
    monkeypatch.setenv("LONGEST_WAIT_SECONDS", "900")
    travel(0)


@pytest.fixture
def enter_from(shop, come_from):
    def enter(address, password="12345", email="jimmy@example.com"):
        come_from(address)
        return shop.post("/user/login", {"email": email, "password": password})

    return enter


@pytest.fixture
def all_at_once(monkeypatch):
    """So many tries, none of which counts anything before all have read the counts."""
    call = botocore.client.BaseClient._make_api_call

    def together(number, tried):
        barrier, have_read = threading.Barrier(number), threading.local()

        def watched(client, operation, arguments):
            answer = call(client, operation, arguments)
            if operation == "BatchGetItem" and not getattr(have_read, "once", True):
                have_read.once = True
                barrier.wait(30)
            return answer

        def one(n):
            have_read.once = False
            return tried(n)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", watched)
        return one

    return together


def wait(answer):
    assert answer.status_code == 429
    assert answer.json_body["Code"] == "TooManyAttempts"
    return int(answer.headers["Retry-After"])


def botnet(enter_from, guesses):
    """So many guesses, each from another address."""
    return [
        enter_from(f"10.1.{n // 250}.{n % 250}", f"guess{n}").status_code for n in range(guesses)
    ]


def test_after_five_wrong_passwords_even_the_right_one_waits_and_then_gets_in(
    shop, jimmy, enter_from, travel
):
    assert [enter_from(HOME, "wrong").status_code for _ in range(5)] == [401] * 5

    seconds = wait(enter_from(HOME))
    assert seconds == 1
    travel(seconds + 1)

    assert enter_from(HOME).status_code == 200
    assert enter_from(HOME, "wrong").status_code == 401


def test_the_wait_doubles_and_has_an_end(shop, jimmy, enter_from, travel):
    waits, now = [], 0
    for _ in range(5):
        enter_from(HOME, "wrong")
    for _ in range(14):
        waits.append(wait(enter_from(HOME)))
        now += waits[-1] + 1
        travel(now)
        assert enter_from(HOME, "wrong").status_code == 401

    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert max(waits) == waits[-1] == 900


def test_waiting_requests_make_the_wait_no_longer(shop, jimmy, enter_from, travel):
    for _ in range(9):
        enter_from(HOME, "wrong")
    first = wait(enter_from(HOME, "wrong"))

    assert [wait(enter_from(HOME, "wrong")) for _ in range(20)][-1] <= first


@pytest.mark.parametrize("wrong", [0, 4, 5])
def test_a_try_whose_count_was_written_and_not_answered_does_not_wait_for_itself(
    shop, jimmy, enter_from, travel, lose_answer, wrong
):
    for _ in range(wrong):
        enter_from(HOME, "wrong")
    travel(2)
    lose_answer(Counter, "UpdateItem", at=2)  # the first counts for the source

    assert enter_from(HOME).status_code == 200


def test_a_try_does_not_wait_for_itself_where_its_source_has_no_free_ones(
    shop, jimmy, enter_from, lose_answer, monkeypatch
):
    monkeypatch.setenv("ATTEMPTS_PER_SOURCE", "2")
    enter_from(HOME, "wrong", "jane@example.com")
    lose_answer(Counter, "UpdateItem")

    assert enter_from(HOME).status_code == 200


def test_many_guesses_at_once_are_as_many(shop, jimmy, enter_from):
    enter_from(EVIL, "wrong")

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: enter_from(EVIL, f"guess{n}").status_code, range(24)))

    assert answers.count(401) == 4


def test_one_password_tried_on_many_addresses_at_once_waits_too(
    shop, jimmy, enter_from, all_at_once
):
    with ThreadPoolExecutor(80) as pool:
        tries = all_at_once(
            80, lambda n: enter_from(EVIL, "12345", f"c{n}@example.com").status_code
        )
        answers = list(pool.map(tries, range(80)))

    assert (answers.count(401), answers.count(429)) == (50, 30)


def test_tries_that_must_wait_because_of_others_at_the_same_moment_make_no_wait_longer(
    shop, jimmy, enter_from, travel, all_at_once
):
    with ThreadPoolExecutor(80) as pool:
        list(
            pool.map(
                all_at_once(80, lambda n: enter_from(EVIL, "1", f"c{n}@example.com")), range(80)
            )
        )
    travel(2)

    assert enter_from(EVIL, "wrong", "c99@example.com").status_code == 401
    assert wait(enter_from(EVIL, "wrong", "c98@example.com")) == 2
    assert enter_from(HOME).status_code == 200


def test_an_attackers_own_account_sets_nothing_back(shop, jimmy, enter_from):
    shop.post("/user/register", {**JIMMY, "email": "evil@example.com"})
    answers = []
    for number in range(8):
        answers.append(enter_from(EVIL, f"guess{number}").status_code)
        assert enter_from(EVIL, email="evil@example.com").status_code == 200

    assert answers == [401] * 5 + [429] * 3


def test_one_password_tried_on_many_addresses_waits_too(shop, jimmy, enter_from):
    shop.post("/user/register", {**JIMMY, "email": "evil@example.com"})
    answers = []
    for number in range(60):
        # Their own account, which knows them well, helps them nothing.
        assert enter_from(EVIL, email="evil@example.com").status_code == 200
        answers.append(enter_from(EVIL, "12345", f"c{number}@example.com").status_code)

    assert answers == [401] * 49 + [429] * 11


def test_a_neighbour_behind_the_same_router_still_gets_in(shop, jimmy, enter_from):
    assert enter_from(EVIL).status_code == 200
    for number in range(60):
        enter_from(EVIL, "12345", f"c{number}@example.com")

    assert enter_from(EVIL).status_code == 200


def test_logins_that_succeed_use_up_nothing(shop, jimmy, enter_from, monkeypatch):
    monkeypatch.setenv("ATTEMPTS_PER_SOURCE", "5")
    people = [f"c{number}@example.com" for number in range(8)]
    for email in people:
        shop.post("/user/register", {**JIMMY, "email": email})

    assert {enter_from(HOME, email=email).status_code for email in people * 2} == {200}


def test_under_attack_from_everywhere_the_owner_gets_in_from_where_they_were_before(
    shop, jimmy, enter_from
):
    assert enter_from(HOME).status_code == 200
    botnet(enter_from, 40)

    assert enter_from(HOME).status_code == 200


def test_under_attack_the_owner_waits_half_a_minute_elsewhere_however_the_attack_goes_on(
    shop, jimmy, enter_from, travel
):
    assert botnet(enter_from, 40) == [401] * 20 + [429] * 20
    assert wait(enter_from(CAFE)) == 30
    travel(20)
    botnet(enter_from, 60)
    assert wait(enter_from(CAFE)) <= 11
    travel(31)
    botnet(enter_from, 100)

    assert enter_from(CAFE).status_code == 200


def test_an_attack_that_is_over_slows_nobody_down(shop, jimmy, enter_from, travel):
    botnet(enter_from, 40)
    travel(1000)

    assert enter_from(CAFE).status_code == 200


def test_failures_are_forgotten_after_a_day(shop, jimmy, enter_from, travel):
    for _ in range(5):
        enter_from(HOME, "wrong")
    travel(86400 + 5)

    assert [enter_from(HOME, "wrong").status_code for _ in range(5)] == [401] * 5


def test_unknown_addresses_are_counted_like_known_ones(shop, jimmy, enter_from):
    def seen(email):
        return [enter_from(EVIL, "wrong", email).status_code for _ in range(7)]

    assert seen("jimmy@example.com") == seen("nobody@example.com") == [401] * 5 + [429] * 2


def test_spelling_an_address_otherwise_is_no_new_address(shop, jimmy, enter_from):
    spellings = ("jimmy@example.com", " Jimmy@Example.com", "JIMMY@example.com ")
    answers = [enter_from(EVIL, "wrong", spellings[n % 3]).status_code for n in range(6)]

    assert answers == [401] * 5 + [429]


def test_who_has_a_network_of_ipv6_addresses_is_one_source(shop, jimmy, enter_from):
    answers = [enter_from(f"2001:db8:0:7::{n:x}", "wrong").status_code for n in range(7)]

    assert answers == [401] * 5 + [429] * 2
    assert enter_from("2001:db8:0:8::1").status_code == 200


def test_what_a_client_says_of_its_address_does_not_count(shop, jimmy):
    login = {"email": "jimmy@example.com", "password": "wrong"}
    answers = [
        shop.post("/user/login", login, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(7)
    ]

    assert answers == [401] * 5 + [429] * 2


def test_one_source_opens_so_many_accounts_an_hour(shop, monkeypatch, travel, come_from):
    monkeypatch.setenv("REGISTRATIONS_PER_SOURCE", "3")

    def register(number):
        return shop.post("/user/register", {**JIMMY, "email": f"c{number}@example.com"})

    assert [register(number).status_code for number in range(3)] == [201] * 3
    assert 0 < wait(register(3)) <= 3600
    come_from(HOME)
    assert register(4).status_code == 201


def test_the_counts_name_nobody_and_expire(shop, jimmy, enter_from, rows):
    enter_from(EVIL, "wrong")

    kept = rows("Attempts")
    assert kept
    assert all(row["expiresAt"] > 0 for row in kept)
    assert not [word for word in ("jimmy", EVIL) if word in json.dumps(kept, default=str)]
