"""Which saved state a local AWS starts with, and what there is to say about it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devcloud.emulator import generations, heartbeat

_SECOND = 10**9


@dataclass(frozen=True)
class Restorable:
    """The state to restore. Moments are ns since the epoch; 0 is an empty cloud."""

    generation: int = 0
    moment: int = 0  # up to when nothing is missing; all that was later elsewhere has to be undone
    ended: int = 0  # the last sign of life
    is_stopped: bool = True
    error: str = ""
    unreadable: int = 0  # the newest state that cannot be read

    def sentence(self) -> str:
        """What whoever starts it should know; empty after a clean stop."""
        if self.unreadable and not self.moment:
            return f"the state of {_clock(self.unreadable)} cannot be read, nor an earlier one: the shop begins empty"
        if self.unreadable:
            return f"the state of {_clock(self.unreadable)} cannot be read; that of {_clock(self.moment)} was restored"
        if self.is_stopped:
            return ""
        how = (
            f"the shop's last state was not saved ({self.error})"
            if self.error
            else "the shop was not stopped"
        )
        if not self.moment:
            return f"{how}, and nothing of it was saved yet: it begins empty"
        before = (self.ended - self.moment) / _SECOND
        return f"{how}; its state of {_clock(self.moment)} ({before:.0f} s before it ended) was restored"

    def outlook(self) -> str:
        """What the next start will find."""
        if not self.moment:
            return "Nothing of it is kept."
        lost = (self.ended - self.moment) / _SECOND
        return f"Its state of {_clock(self.moment)} is kept; the {lost:.0f} s after it are lost."


def find(directory: Path) -> Restorable:
    """The newest state that can be read."""
    last = heartbeat.read(directory)
    if generations.is_flat(directory):
        moment = generations.flat_moment(directory)
        return Restorable(moment, moment, moment)
    every = generations.every(directory)
    readable = next((each for each in every if each.is_readable()), None)
    unreadable = every[0].moment if every and every[0] is not readable else 0
    if last is None:
        moment = readable.moment if readable else 0
        return Restorable(moment, moment, moment, not every, unreadable=unreadable)
    ended, end = (
        last.at,
        {"is_stopped": last.is_stopped, "error": last.error, "unreadable": unreadable},
    )
    if readable is None:
        return Restorable(0, 0, ended, **end)  # type: ignore[arg-type]
    moment = readable.moment
    if moment == last.generation:
        moment = max(moment, last.unchanged_until)
    return Restorable(readable.moment, moment, ended, **end)  # type: ignore[arg-type]


def _clock(moment: int) -> str:
    when = datetime.fromtimestamp(moment / _SECOND)
    return when.strftime(
        "%H:%M:%S" if when.date() == datetime.now().date() else "%Y-%m-%d %H:%M:%S"
    )
