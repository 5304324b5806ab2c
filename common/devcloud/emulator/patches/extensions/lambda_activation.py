"""Activate a Lambda as soon as it is created or updated.

ministack keeps it pending for half a second. `chalice deploy` looks once and then every five
seconds, twice for each Lambda.
"""

from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite_function

_IN_THREAD = "threading.Thread(target=ctx_snapshot.run, args=(_flip,), daemon=True).start()"


def apply() -> None:
    """Change the state before the request is answered."""
    rewrite_function(
        lambda_svc,
        "_schedule_state_transition",
        {_IN_THREAD: "ctx_snapshot.run(_flip)", "        time.sleep(delay)\n": ""},
    )
