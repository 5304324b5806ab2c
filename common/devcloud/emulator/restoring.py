"""Find the saved state to start a local AWS with, and say what is lost."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devcloud.emulator import generations, heartbeat

_SECOND = 10**9


@dataclass(frozen=True)
class Restorable:
    """The state to restore. Moments are ns since the epoch, 0 is an empty cloud."""

    generation: int = 0
    moment: int = 0  # nothing before it is missing; the gateways undo what they did after it
    ended: int = 0  # the last sign of life
    is_stopped: bool = True
    error: str = ""
    unreadable: int = 0  # the newest state, if it cannot be read

    def sentence(self) -> str:
        """Describe what the start restores. Empty after a clean stop."""
        restored = _clock(self.moment)
        if self.unreadable:
            damaged = f"the state of {_clock(self.unreadable)} cannot be read"
            if not self.moment:
                return f"{damaged}, nor an earlier one: the shop begins empty"
            return f"{damaged}; that of {restored} was restored"
        if self.is_stopped:
            return ""
        cause = "the shop was not stopped"
        if self.error:
            cause = f"the shop's last state was not saved ({self.error})"
        if not self.moment:
            return f"{cause}, and nothing of it was saved yet: it begins empty"
        return (
            f"{cause}; its state of {restored} ({self._lost():.0f} s before it ended) was restored"
        )

    def outlook(self) -> str:
        """Describe what the next start will restore."""
        if not self.moment:
            return "Nothing of it is kept."
        kept = f"Its state of {_clock(self.moment)} is kept"
        return f"{kept}; the {self._lost():.0f} s after it are lost."

    def _lost(self) -> float:
        return (self.ended - self.moment) / _SECOND


def find(directory: Path) -> Restorable:
    """Return the newest state that can be read."""
    last = heartbeat.read(directory)
    if generations.is_flat(directory):
        moment = generations.flat_moment(directory)
        return Restorable(moment, moment, moment)
    saved = generations.list_all(directory)
    readable = next((each for each in saved if each.is_readable()), None)
    unreadable = saved[0].moment if saved and saved[0] is not readable else 0
    generation = moment = readable.moment if readable else 0
    if last is None:
        return Restorable(generation, moment, moment, not saved, unreadable=unreadable)
    if readable and generation == last.generation:
        moment = max(moment, last.unchanged_until)
    return Restorable(generation, moment, last.at, last.is_stopped, last.error, unreadable)


def _clock(moment: int) -> str:
    when = datetime.fromtimestamp(moment / _SECOND)
    return when.strftime(
        "%H:%M:%S" if when.date() == datetime.now().date() else "%Y-%m-%d %H:%M:%S"
    )
