"""Configure how a fake gateway misbehaves, over /_control/switches."""

import threading
from dataclasses import dataclass, fields

_counter_lock = threading.Lock()


@dataclass
class FaultConfig:
    """The faults of one gateway. Numbers named in the plural count down to zero."""

    down: bool = False  # responds 503 to everything, without effect
    unreachable: bool = False  # drops every connection, without effect
    slow_ms: int = 0  # waits before it responds
    errors: int = 0  # responds to this many POSTs with `error_status`, without effect
    error_status: int = 500  # 409: the object is locked, 429: rate limited, from 500: a failure
    lose_answers: int = 0  # executes this many confirmations or refunds, drops the connection
    lose_creations: int = 0  # creates this many intents or orders, drops the connection
    soft_declines: int = 0  # declines this many confirmations with a retryable reason
    webhooks: bool = True
    duplicate_webhooks: bool = False  # sends each twice
    webhook_copies: int = 1  # sends each this many times
    webhook_delay_ms: int = 0
    reorder_webhooks: bool = False  # sends the newest first

    def set(self, **settings: object) -> None:
        """Change some faults, all or none.

        Raises: ValueError when a name is unknown or a value has the wrong type.
        """
        known = {field.name: field.type for field in fields(self)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"{name} is not a switch; these are: {', '.join(known)}")
            if type(value) is not type(getattr(FaultConfig, name)):
                raise ValueError(f"{name}: expected {known[name]}, got {value!r}")
        for name, value in settings.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Turn all faults off."""
        self.set(**{field.name: field.default for field in fields(self)})

    def consume(self, name: str) -> bool:
        """Use up one occurrence of a counted fault. False if none is left."""
        with _counter_lock:
            left: int = getattr(self, name)
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0
