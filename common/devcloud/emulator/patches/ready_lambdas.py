"""A Lambda is ready as soon as it is made or changed; ministack lets it wait half a second.

Too long for Chalice's first look after a change, and its second is five seconds later, twice for each Lambda.
"""

from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite

_LATER = "threading.Thread(target=ctx_snapshot.run, args=(_flip,), daemon=True).start()"


def apply() -> None:
    """Let it be ready at once."""
    rewrite(
        lambda_svc,
        "_schedule_state_transition",
        {_LATER: "ctx_snapshot.run(_flip)", "        time.sleep(delay)\n": ""},
    )
