"""How the gateway misbehaves; all off to begin with, and set by tests under /_control."""

import threading
from dataclasses import dataclass, fields

_counting = threading.Lock()


@dataclass
class Switches:
    """One gateway's faults."""

    down: bool = False  # answers 503 to everything, and does nothing
    unreachable: bool = False  # breaks every connection, and does nothing
    slow_ms: int = 0  # waits before it answers
    errors: int = 0  # answers this many POSTs with `error_status`, and does nothing
    error_status: int = 500  # 409: another request holds the object's lock, 429: too many requests, 500 and up: a failure
    lose_answers: int = 0  # carries out this many confirmations or refunds, and breaks the connection instead of answering
    lose_creations: int = 0  # likewise, of what is made to be paid
    soft_declines: int = (
        0  # declines this many confirmations because the bank could not decide at this moment
    )
    webhooks: bool = True
    duplicate_webhooks: bool = False
    webhook_copies: int = 1  # delivers each so many times
    webhook_delay_ms: int = 0
    reorder_webhooks: bool = False  # tells the newest first

    def set(self, **settings: object) -> None:
        """Change some; ValueError names one that does not exist or has the wrong type, and none is changed."""
        known = {field.name: field.type for field in fields(self)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"{name} is not a switch; these are: {', '.join(known)}")
            if type(value) is not type(getattr(Switches, name)):
                raise ValueError(f"{name}: expected {known[name]}, got {value!r}")
        for name, value in settings.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """All off."""
        self.set(**{field.name: field.default for field in fields(self)})

    def count_down(self, name: str) -> bool:
        """Whether this counted fault happens now; then it happens once less."""
        with _counting:
            left: int = getattr(self, name)
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0
