"""Limit how often a password is tried, and how often a guest requests something.

No account is ever locked, because an attacker could then lock its owner out. Sources back off:

- Per (account, network): after `FREE_FAILURES` failed logins, exponentially from 1 s up to
  `LONGEST_WAIT_SECONDS`.
- Per network, for all accounts: the same after `ATTEMPTS_PER_SOURCE` failures in an hour.
  Accounts that have logged in from the network are exempt, so users behind one router do not
  block each other.
- Per account: after `ATTACK_FAILURES` failures from anywhere, a network that is new to the account
  waits `UNKNOWN_SOURCE_SECONDS`, once. A known network does not wait.

A successful login resets the counters of its own account and network only, so an attacker's own
account does not help. Unknown addresses are counted like known ones.
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#account-lockout
"""

from dataclasses import dataclass

from pynamodb.expressions.update import Action

from chalicelib.rate_limits.errors import TooManyAttempts
from chalicelib.rate_limits.models import Counter
from common import clock, dynamodb, ids, settings

FREE_FAILURES = 5
ATTACK_FAILURES = 20
UNKNOWN_SOURCE_SECONDS = 30

_HOUR = 3600
_DAY = 86400
_ATTACK_SECONDS = 900  # an attack is over after this long without a failure
_KNOWN_SECONDS = 90 * _DAY
_MAX_DOUBLINGS = 20


@dataclass(frozen=True)
class LoginAttempt:
    """One attempt at a password, already counted as a failure of its source."""

    pair_key: str
    source_key: str
    account_key: str

    def record_failure(self) -> None:
        """Count the failure for the account, from wherever it came. Not idempotent."""
        Counter.increment(self.account_key, _ATTACK_SECONDS, slides=True)

    def record_success(self) -> None:
        """Reset the counter of this account and source, and mark the source as known."""
        Counter(self.pair_key).update(
            actions=[
                Counter.attempts.set(0),
                Counter.not_before.set(0),
                Counter.known_since.set(clock.now()),
                Counter.expires_at.set(clock.epoch() + _KNOWN_SECONDS),
            ]
        )
        self.uncount_source()

    def uncount_source(self) -> None:
        """Take this attempt back from the counter of its source. Not idempotent."""
        source = Counter(self.source_key)
        dynamodb.update_if(source, [Counter.attempts.add(-1)], Counter.attempts > 0)


def start_login_attempt(email: str, source: str) -> LoginAttempt:
    """Count an attempt at the account's password before the password is checked.

    Concurrent attempts are each counted. Not idempotent.

    Raises: TooManyAttempts while the source is backing off; such calls are not counted.
    """
    attempt = _create_attempt(email.strip().lower(), source)
    is_counted = False
    while not is_counted:  # a concurrent attempt changed a counter: read them again
        is_counted = _try_to_count(attempt)
    return attempt


def limit(kind: str, subject: str, max_requests: int, seconds: int) -> None:
    """Count a request of the subject. Not idempotent.

    Raises: TooManyAttempts beyond `max_requests` within `seconds` of the first.
    """
    counter = Counter.increment(Counter.key_for(kind, subject.strip().lower()), seconds)
    if counter.attempts > max_requests:
        raise TooManyAttempts(max(1, counter.expires_at - clock.epoch()))


def limit_source(kind: str, source: str, max_requests: int) -> None:
    """Count a request of a network address. Not idempotent.

    Raises: TooManyAttempts beyond `max_requests` within an hour of the first.
    """
    limit(kind, source, max_requests, _HOUR)


def _create_attempt(email: str, network: str) -> LoginAttempt:
    return LoginAttempt(
        pair_key=Counter.key_for("PAIR", email, network),
        source_key=Counter.key_for("SOURCE", network),
        account_key=Counter.key_for("ADDRESS", email),
    )


def _try_to_count(attempt: LoginAttempt) -> bool:
    """Count the attempt for its account and source.

    False if a concurrent one interfered.
    """
    now, stored = clock.epoch(), _load_counters(attempt)
    active = {key: counter for key, counter in stored.items() if counter.expires_at > now}
    pair, source = active.get(attempt.pair_key), active.get(attempt.source_key)
    is_known = pair is not None and pair.known_since is not None
    _validate_backoff(pair, now)
    if not is_known:
        _validate_backoff(source, now)
    if pair is None and _is_under_attack(active.get(attempt.account_key)):
        return _delay_unknown_source(attempt, stored.get(attempt.pair_key), now)
    if not _count_for_source(attempt.source_key, stored.get(attempt.source_key), now):
        return False
    attempts = 1 + (pair.attempts if pair else 0)
    is_counted = _replace_counter(
        attempt.pair_key,
        stored.get(attempt.pair_key),
        attempts=attempts,
        not_before=now + _backoff(attempts, FREE_FAILURES),
        expires_at=now + (_KNOWN_SECONDS if is_known else _DAY),
    )
    if not is_counted:
        attempt.uncount_source()
    return is_counted


def _count_for_source(key: str, stored: Counter | None, now: int) -> bool:
    """Count the attempt for its source.

    False if a concurrent one interfered. The conditions see what was counted since the counter was
    read: of concurrent attempts only the free ones pass, and then one per wait.
    """
    free = settings.integer("ATTEMPTS_PER_SOURCE", 50)
    active = stored if stored is not None and stored.expires_at > now else None
    attempts = 1 + (active.attempts if active else 0)
    if active is not None and attempts < free:
        # No optimistic lock: many that log in behind one router do not wait for each other.
        has_free = (Counter.expires_at > now) & (Counter.attempts < free - 1)
        return dynamodb.update_if(Counter(key), [Counter.attempts.add(1)], has_free)
    return _replace_counter(
        key,
        stored,
        attempts=attempts,
        not_before=now + _backoff(attempts, free),
        expires_at=active.expires_at if active else now + _HOUR,
    )


def _delay_unknown_source(attempt: LoginAttempt, stored: Counter | None, now: int) -> bool:
    """Send an unknown source away once.

    False if a concurrent attempt interfered. The source has a counter of its own from then on, so
    attempts of others do not prolong its wait.
    """
    is_delayed = _replace_counter(
        attempt.pair_key,
        stored,
        attempts=0,
        not_before=now + UNKNOWN_SOURCE_SECONDS,
        expires_at=now + _DAY,
    )
    if is_delayed:
        raise TooManyAttempts(UNKNOWN_SOURCE_SECONDS)
    return False


def _replace_counter(
    key: str, stored: Counter | None, *, attempts: int, not_before: int, expires_at: int
) -> bool:
    """Write the counter under an optimistic lock.

    False if it changed since it was read. An expired counter is treated as absent. Idempotent for a
    repeat by the SDK after a lost response, which finds its own `write_id`.
    """
    write_id = ids.suffix(ids.new("SET"))
    is_own_write = Counter.write_id == write_id
    actions: list[Action] = [
        Counter.write_id.set(write_id),
        Counter.attempts.set(attempts),
        Counter.not_before.set(not_before),
        Counter.expires_at.set(expires_at),
    ]
    if stored is None:
        is_unchanged = Counter.key.does_not_exist()
    else:
        is_unchanged = (
            (Counter.attempts == stored.attempts)
            & (Counter.expires_at == stored.expires_at)
            & (Counter.not_before == stored.not_before)
        )
    if stored is not None and stored.expires_at <= clock.epoch():
        actions.append(Counter.known_since.remove())
    return dynamodb.update_if(Counter(key), actions, is_unchanged | is_own_write)


def _load_counters(attempt: LoginAttempt) -> dict[str, Counter]:
    keys = [attempt.pair_key, attempt.source_key, attempt.account_key]
    return {counter.key: counter for counter in Counter.batch_get(keys, consistent_read=True)}


def _is_under_attack(account: Counter | None) -> bool:
    return account is not None and account.attempts >= ATTACK_FAILURES


def _validate_backoff(counter: Counter | None, now: int) -> None:
    """Raises: TooManyAttempts while the counter's source is backing off."""
    if counter is not None and counter.not_before > now:
        raise TooManyAttempts(counter.not_before - now)


def _backoff(attempts: int, free: int) -> int:
    """Return the seconds to wait: 0 while attempts are free, then doubling."""
    if attempts < free:
        return 0
    longest = settings.integer("LONGEST_WAIT_SECONDS", 900)
    return int(min(2 ** min(attempts - free, _MAX_DOUBLINGS), longest))
