"""The verbs of attempts: how often a password may be tried, and how often a guest may ask for something.

What an attacker does must not shut the owner out, so nothing here blocks an account. It makes sources wait:

- One address from one source: from the FREEth failure on the wait doubles from a second to LONGEST_WAIT_SECONDS.
- A source, whatever the address: likewise after ATTEMPTS_PER_SOURCE failures within an hour. An address that let this source
  in before is exempt: what a colleague guesses behind the same router does not keep the others out.
- An address that fails from everywhere is under attack: a source that is new to it waits NEWCOMER_SECONDS, once, whatever
  the others do meanwhile. A source that it knows does not wait at all.

A correct password sets back the failures of its own address and source only, so an attacker's own account changes nothing for
anybody else. Unknown addresses are counted like known ones.
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#account-lockout
"""

import ipaddress
from dataclasses import dataclass

from pynamodb.expressions.update import Action

from chalicelib.attempts.errors import TooManyAttempts
from chalicelib.attempts.models import Tries
from common import clock, ids, settings

FREE = 5
UNDER_ATTACK = 20
NEWCOMER_SECONDS = 30

_HOUR = 3600
_DAY = 86400
_ATTACK_SECONDS = 900  # without another failure, and the attack is over
_KNOWN_SECONDS = 90 * _DAY
_IPV6_PREFIX = (
    64  # what a provider gives one customer; another address in it costs nothing: RFC 6177
)


@dataclass(frozen=True)
class Attempt:
    """One try of a password; until `succeeded` says otherwise its source has failed."""

    pair: str
    source: str
    address: str

    def failed(self) -> None:
        """The address failed once more, from wherever; the other counts were made before the password was looked at."""
        Tries.counted(self.address, _ATTACK_SECONDS, slides=True)

    def succeeded(self) -> None:
        """The address knows this source from now on, and none of its failures; nobody else's count changes."""
        forgiven = [Tries.tried.set(0), Tries.not_before.set(0)]
        known = [
            Tries.known_since.set(clock.now()),
            Tries.expires_at.set(clock.epoch() + _KNOWN_SECONDS),
        ]
        Tries(self.pair).update(actions=[*forgiven, *known])
        self.not_made_by_source()

    def not_made_by_source(self) -> None:
        """The source has one failure fewer; nobody else's count changes."""
        Tries(self.source).changed([Tries.tried.add(-1)], Tries.tried > 0)


def begin(address: str, source: str) -> Attempt:
    """Count a try of a password against this address, before it is looked at: many at once are as many.

    Raises TooManyAttempts if this source must wait; that does not count. Each call counts.
    """
    attempt = _attempt(address.strip().lower(), _network(source))
    while not _taken(attempt):
        pass  # another try from the same source came between: look again
    return attempt


def allow(what: str, who: str, most: int, seconds: int) -> None:
    """Count that somebody asks for this; TooManyAttempts beyond so many within so many seconds of the first."""
    row = Tries.counted(Tries.key_of(what, who.strip().lower()), seconds)
    if row.tried > most:
        raise TooManyAttempts(max(1, int(row.expires_at) - clock.epoch()))


def allow_source(what: str, source: str, most: int) -> None:
    """As allow, in an hour, of everybody behind one network address."""
    allow(what, _network(source), most, _HOUR)


def _attempt(address: str, network: str) -> Attempt:
    return Attempt(
        pair=Tries.key_of("PAIR", address, network),
        source=Tries.key_of("SOURCE", network),
        address=Tries.key_of("ADDRESS", address),
    )


def _taken(attempt: Attempt) -> bool:
    """Count it for this address and source; False if another try of theirs came between."""
    now, rows = clock.epoch(), _rows(attempt)
    stored = rows.get(attempt.pair)
    pair, source, address = (
        _alive(rows.get(key), now) for key in (attempt.pair, attempt.source, attempt.address)
    )
    known = pair is not None and pair.known_since is not None
    _insist_on_wait(pair, now)
    if not known:
        _insist_on_wait(source, now)
    if pair is None and address is not None and address.tried >= UNDER_ATTACK:
        return _put_off(attempt, stored, now)
    tried = 1 + int(pair.tried if pair else 0)
    lasts = _KNOWN_SECONDS if known else _DAY
    if not _taken_by_source(attempt.source, rows.get(attempt.source), now):
        return False
    if _set(attempt.pair, stored, tried, now + _wait(tried, FREE), now + lasts):
        return True
    attempt.not_made_by_source()
    return False


def _taken_by_source(key: str, stored: Tries | None, now: int) -> bool:
    """Count it for the source; False if others from it came between, and this one must look again.

    The conditions see what was counted since the row was read: of many at once so many get in as are free, and then one a wait.
    """
    free, row = settings.integer("ATTEMPTS_PER_SOURCE", 50), _alive(stored, now)
    tried = 1 + int(row.tried if row else 0)
    if row is not None and tried < free:
        # Not _set: many that log in behind one router do not wait for each other.
        return Tries(key).changed(
            [Tries.tried.add(1)], (Tries.expires_at > now) & (Tries.tried < free - 1)
        )
    return _set(
        key, stored, tried, now + _wait(tried, free), int(row.expires_at) if row else now + _HOUR
    )


def _put_off(attempt: Attempt, stored: Tries | None, now: int) -> bool:
    """Send a newcomer away once: it has a row of its own then, and nobody else's tries make its wait longer."""
    if _set(attempt.pair, stored, 0, now + NEWCOMER_SECONDS, now + _DAY):
        raise TooManyAttempts(NEWCOMER_SECONDS)
    return False


def _set(key: str, stored: Tries | None, tried: int, not_before: int, expires_at: int) -> bool:
    """Whether the row was still as it had been read, and so was changed; what has expired is forgotten."""
    this = ids.suffix(ids.new("SET"))
    mine = (
        Tries.set_by == this
    )  # written, and the answer got lost: the SDK's repeat writes the same again
    actions: list[Action] = [
        Tries.set_by.set(this),
        Tries.tried.set(tried),
        Tries.not_before.set(not_before),
        Tries.expires_at.set(expires_at),
    ]
    if stored is None:
        return Tries(key).changed(actions, Tries.key.does_not_exist() | mine)
    if stored.expires_at <= clock.epoch():
        actions.append(Tries.known_since.remove())
    same = (Tries.tried == stored.tried) & (Tries.expires_at == stored.expires_at)
    return Tries(key).changed(actions, (same & (Tries.not_before == stored.not_before)) | mine)


def _rows(attempt: Attempt) -> dict[str, Tries]:
    keys = [attempt.pair, attempt.source, attempt.address]
    return {row.key: row for row in Tries.batch_get(keys, consistent_read=True)}


def _alive(row: Tries | None, now: int) -> Tries | None:
    return row if row is not None and row.expires_at > now else None


def _insist_on_wait(row: Tries | None, now: int) -> None:
    if row is not None and row.not_before > now:
        raise TooManyAttempts(int(row.not_before) - now)


def _wait(tried: int, free: int) -> int:
    """Seconds until the next try: none while it is free, then doubling, with an end."""
    if tried < free:
        return 0
    return min(2 ** min(tried - free, 20), settings.integer("LONGEST_WAIT_SECONDS", 900))


def _network(source: str) -> str:
    """Whose the address is that API Gateway saw: an IPv4 address, or an IPv6 customer's whole network."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address.packed, _IPV6_PREFIX), strict=False))
