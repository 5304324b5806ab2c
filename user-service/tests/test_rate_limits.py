"""Guesses of passwords back off, without locking anybody else out."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.client
import pytest
from actors import JIMMY

from chalicelib.rate_limits.errors import CounterContended
from chalicelib.rate_limits.models import Counter
from common import clock, dynamodb

HOME, CAFE, EVIL = "203.0.113.1", "198.51.100.7", "192.0.2.66"


@pytest.fixture
def set_clock(monkeypatch):
    """Stop the service's clock so many seconds after the start of the test."""
    start = int(time.time())
    return lambda seconds: monkeypatch.setattr(clock, "epoch", lambda: start + seconds)


@pytest.fixture(autouse=True)
def limits(monkeypatch, settings, set_clock):
    """The limits of production, and a clock that only the test moves."""
    monkeypatch.setenv("ATTEMPTS_PER_SOURCE", "50")
    monkeypatch.setenv("REGISTRATIONS_PER_SOURCE", "100")
    monkeypatch.setenv("LONGEST_WAIT_SECONDS", "900")
    set_clock(0)


@pytest.fixture
def log_in_from(shop, set_source_ip):
    def log_in(address, password="12345", email="jimmy@example.com"):
        set_source_ip(address)
        return shop.post("/user/login", {"email": email, "password": password})

    return log_in


@pytest.fixture
def concurrent_attempts(monkeypatch):
    """Run attempts of which none writes a counter before all have read theirs."""
    call = botocore.client.BaseClient._make_api_call

    def arrange(number, attempt):
        barrier, have_read = threading.Barrier(number), threading.local()

        def read_together(client, operation, arguments):
            answer = call(client, operation, arguments)
            if operation == "BatchGetItem" and not getattr(have_read, "once", True):
                have_read.once = True
                barrier.wait(30)
            return answer

        def run(n):
            have_read.once = False
            return attempt(n)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", read_together)
        return run

    return arrange


def retry_after(answer):
    assert answer.status_code == 429
    assert answer.json_body["Code"] == "TooManyAttempts"
    return int(answer.headers["Retry-After"])


def guess_from_botnet(log_in_from, guesses):
    """Return the statuses of so many guesses, each from another address."""
    return [
        log_in_from(f"10.1.{n // 250}.{n % 250}", f"guess{n}").status_code for n in range(guesses)
    ]


def test_after_five_failures_even_the_right_password_waits(shop, jimmy, log_in_from, set_clock):
    assert [log_in_from(HOME, "wrong").status_code for _ in range(5)] == [401] * 5

    seconds = retry_after(log_in_from(HOME))
    assert seconds == 1
    set_clock(seconds + 1)

    assert log_in_from(HOME).status_code == 200
    assert log_in_from(HOME, "wrong").status_code == 401


def test_the_wait_doubles_up_to_a_maximum(shop, jimmy, log_in_from, set_clock):
    waits, now = [], 0
    for _ in range(5):
        log_in_from(HOME, "wrong")
    for _ in range(14):
        waits.append(retry_after(log_in_from(HOME)))
        now += waits[-1] + 1
        set_clock(now)
        assert log_in_from(HOME, "wrong").status_code == 401

    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert max(waits) == waits[-1] == 900


def test_rejected_attempts_do_not_prolong_the_wait(shop, jimmy, log_in_from, set_clock):
    for _ in range(9):
        log_in_from(HOME, "wrong")
    first = retry_after(log_in_from(HOME, "wrong"))

    assert [retry_after(log_in_from(HOME, "wrong")) for _ in range(20)][-1] <= first


@pytest.mark.parametrize("wrong", [0, 4, 5])
def test_an_attempt_whose_count_lost_its_response_does_not_delay_itself(
    shop, jimmy, log_in_from, set_clock, lose_response, wrong
):
    for _ in range(wrong):
        log_in_from(HOME, "wrong")
    set_clock(2)
    lose_response(Counter, "UpdateItem", at=2)  # the first counts for the source

    assert log_in_from(HOME).status_code == 200


def test_an_attempt_after_the_free_ones_does_not_delay_itself(
    shop, jimmy, log_in_from, lose_response, monkeypatch
):
    monkeypatch.setenv("ATTEMPTS_PER_SOURCE", "2")
    log_in_from(HOME, "wrong", "jane@example.com")
    lose_response(Counter, "UpdateItem")

    assert log_in_from(HOME).status_code == 200


def test_concurrent_guesses_are_each_counted(shop, jimmy, log_in_from):
    log_in_from(EVIL, "wrong")

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: log_in_from(EVIL, f"guess{n}").status_code, range(24)))

    assert answers.count(401) == 4


def test_a_password_tried_on_many_addresses_concurrently_backs_off(
    shop, jimmy, log_in_from, concurrent_attempts
):
    with ThreadPoolExecutor(80) as pool:
        attempts = concurrent_attempts(
            80, lambda n: log_in_from(EVIL, "12345", f"c{n}@example.com").status_code
        )
        answers = list(pool.map(attempts, range(80)))

    assert (answers.count(401), answers.count(429)) == (50, 30)


def test_rejected_concurrent_attempts_do_not_prolong_the_wait(
    shop, jimmy, log_in_from, set_clock, concurrent_attempts
):
    with ThreadPoolExecutor(80) as pool:
        list(
            pool.map(
                concurrent_attempts(80, lambda n: log_in_from(EVIL, "1", f"c{n}@example.com")),
                range(80),
            )
        )
    set_clock(2)

    assert log_in_from(EVIL, "wrong", "c99@example.com").status_code == 401
    assert retry_after(log_in_from(EVIL, "wrong", "c98@example.com")) == 2
    assert log_in_from(HOME).status_code == 200


def test_an_attackers_own_login_resets_no_other_counter(shop, jimmy, log_in_from):
    shop.post("/user/register", {**JIMMY, "email": "evil@example.com"})
    answers = []
    for number in range(8):
        answers.append(log_in_from(EVIL, f"guess{number}").status_code)
        assert log_in_from(EVIL, email="evil@example.com").status_code == 200

    assert answers == [401] * 5 + [429] * 3


def test_a_password_tried_on_many_addresses_backs_off(shop, jimmy, log_in_from):
    shop.post("/user/register", {**JIMMY, "email": "evil@example.com"})
    answers = []
    for number in range(60):
        # The login to their own account resets nothing.
        assert log_in_from(EVIL, email="evil@example.com").status_code == 200
        answers.append(log_in_from(EVIL, "12345", f"c{number}@example.com").status_code)

    assert answers == [401] * 49 + [429] * 11


def test_another_user_behind_the_same_router_still_logs_in(shop, jimmy, log_in_from):
    assert log_in_from(EVIL).status_code == 200
    for number in range(60):
        log_in_from(EVIL, "12345", f"c{number}@example.com")

    assert log_in_from(EVIL).status_code == 200


def test_successful_logins_are_not_counted(shop, jimmy, log_in_from, monkeypatch):
    monkeypatch.setenv("ATTEMPTS_PER_SOURCE", "5")
    emails = [f"c{number}@example.com" for number in range(8)]
    for email in emails:
        shop.post("/user/register", {**JIMMY, "email": email})

    assert {log_in_from(HOME, email=email).status_code for email in emails * 2} == {200}


def test_under_attack_a_known_source_logs_in_at_once(shop, jimmy, log_in_from):
    assert log_in_from(HOME).status_code == 200
    guess_from_botnet(log_in_from, 40)

    assert log_in_from(HOME).status_code == 200


def test_under_attack_an_unknown_source_waits_thirty_seconds_once(
    shop, jimmy, log_in_from, set_clock
):
    assert guess_from_botnet(log_in_from, 40) == [401] * 20 + [429] * 20
    assert retry_after(log_in_from(CAFE)) == 30
    set_clock(20)
    guess_from_botnet(log_in_from, 60)
    assert retry_after(log_in_from(CAFE)) <= 11
    set_clock(31)
    guess_from_botnet(log_in_from, 100)

    assert log_in_from(CAFE).status_code == 200


def test_an_attack_that_is_over_delays_nobody(shop, jimmy, log_in_from, set_clock):
    guess_from_botnet(log_in_from, 40)
    set_clock(1000)

    assert log_in_from(CAFE).status_code == 200


def test_failures_expire_after_a_day(shop, jimmy, log_in_from, set_clock):
    for _ in range(5):
        log_in_from(HOME, "wrong")
    set_clock(86400 + 5)

    assert [log_in_from(HOME, "wrong").status_code for _ in range(5)] == [401] * 5


def test_unknown_addresses_are_counted_like_known_ones(shop, jimmy, log_in_from):
    def statuses(email):
        return [log_in_from(EVIL, "wrong", email).status_code for _ in range(7)]

    assert statuses("jimmy@example.com") == statuses("nobody@example.com") == [401] * 5 + [429] * 2


def test_other_spellings_of_an_address_share_its_counter(shop, jimmy, log_in_from):
    spellings = ("jimmy@example.com", " Jimmy@Example.com", "JIMMY@example.com ")
    answers = [log_in_from(EVIL, "wrong", spellings[n % 3]).status_code for n in range(6)]

    assert answers == [401] * 5 + [429]


def test_an_ipv6_network_is_one_source(shop, jimmy, log_in_from):
    answers = [log_in_from(f"2001:db8:0:7::{n:x}", "wrong").status_code for n in range(7)]

    assert answers == [401] * 5 + [429] * 2
    assert log_in_from("2001:db8:0:8::1").status_code == 200


def test_x_forwarded_for_does_not_change_the_source(shop, jimmy):
    login = {"email": "jimmy@example.com", "password": "wrong"}
    answers = [
        shop.post("/user/login", login, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(7)
    ]

    assert answers == [401] * 5 + [429] * 2


def test_registrations_of_one_source_are_limited_per_hour(
    shop, monkeypatch, set_clock, set_source_ip
):
    monkeypatch.setenv("REGISTRATIONS_PER_SOURCE", "3")

    def register(number):
        return shop.post("/user/register", {**JIMMY, "email": f"c{number}@example.com"})

    assert [register(number).status_code for number in range(3)] == [201] * 3
    assert 0 < retry_after(register(3)) <= 3600
    set_source_ip(HOME)
    assert register(4).status_code == 201


def test_counters_contain_no_address_and_expire(shop, jimmy, log_in_from, rows):
    log_in_from(EVIL, "wrong")

    counters = rows("Attempts")
    assert counters
    assert all(row["expiresAt"] > 0 for row in counters)
    assert not [word for word in ("jimmy", EVIL) if word in json.dumps(counters, default=str)]


def test_counting_an_attempt_among_endless_conflicts_ends(cloud, monkeypatch):
    monkeypatch.setattr(dynamodb, "update_if", lambda *_, **__: False)

    with pytest.raises(CounterContended):
        Counter.increment("LOGIN#1", 60)
