"""Keep the mailbox of the developer's page over a restart.

ministack saves the text messages of SNS, but not the mails of SES.
"""

import copy
from typing import Any

from ministack.services import ses

from devcloud.emulator.patching import require_parameters

_get_state = ses.get_state
_restore_state = ses._restore_state


def apply() -> None:
    """Save the mailbox with the rest of SES."""
    require_parameters(_get_state)
    require_parameters(_restore_state, "data")
    ses.get_state = get_state
    ses._restore_state = restore_state


def get_state() -> dict[str, Any]:
    """Return the state of SES, with the mailbox."""
    return {**_get_state(), "sent": copy.deepcopy(ses._sent_emails)}


def restore_state(data: dict[str, Any]) -> None:
    """Restore the state of SES, with the mailbox."""
    _restore_state(data)
    if "sent" in data:
        ses._sent_emails.update(data["sent"])
