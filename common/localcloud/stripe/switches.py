"""How the gateway misbehaves; all off to begin with, and set by tests under /_control."""

from dataclasses import dataclass, fields


@dataclass
class Switches:
    """One gateway's faults."""

    down: bool = False  # answers 503 to everything
    slow_ms: int = 0  # waits before it answers
    lose_answers: int = 0  # does this many confirmations, and breaks the connection instead of answering
    webhooks: bool = True
    duplicate_webhooks: bool = False
    webhook_delay_ms: int = 0
    reorder_webhooks: bool = False  # tells the newest first

    def set(self, **settings: object) -> None:
        """Change some; ValueError names one that does not exist or has the wrong type."""
        known = {field.name: field.type for field in fields(self)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"{name} is not a switch; these are: {', '.join(known)}")
            if type(value) is not type(getattr(Switches, name)):
                raise ValueError(f"{name}: expected {known[name]}, got {value!r}")
            setattr(self, name, value)

    def reset(self) -> None:
        """All off."""
        self.set(**{field.name: field.default for field in fields(self)})
