"""Sent mail is still in the mailbox after a restart; ministack forgets it.

Text messages (SNS) it keeps.
"""

import copy
from typing import Any

from ministack.services import ses

from devcloud.emulator.patching import expect_parameters

_get_state = ses.get_state
_restore_state = ses._restore_state


def apply() -> None:
    """Save the mailbox with the rest of SES."""
    expect_parameters(_get_state)
    expect_parameters(_restore_state, "data")
    ses.get_state = get_state
    ses._restore_state = restore_state


def get_state() -> dict[str, Any]:
    """SES's state, with what it has sent."""
    return {**_get_state(), "sent": copy.deepcopy(ses._sent_emails)}


def restore_state(data: dict[str, Any]) -> None:
    """Restore it."""
    _restore_state(data)
    if "sent" in data:
        ses._sent_emails.update(data["sent"])
