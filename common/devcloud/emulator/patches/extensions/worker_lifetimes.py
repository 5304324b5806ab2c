"""End the process of a Lambda after it was idle, and with the server.

ministack keeps one process of each Lambda forever, some 60 MB each. If the server is killed, a
process goes on with its invocation: it would charge a card that nobody knows of.
"""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite_function, rewrite_worker_script

_REDIRECT = """    _real_stdout = sys.stdout
    sys.stdout = sys.stderr
"""
# Standard input is a pipe from the server. It hangs up when the server ends.
_END_WITH_SERVER = """    import select, threading
    def _end_with_server():
        pipe = select.poll()
        pipe.register(0, 0)
        pipe.poll()
        os._exit(1)
    threading.Thread(target=_end_with_server, daemon=True).start()
"""
_CHECKS_PER_LIFETIME = 6


def apply() -> None:
    """End every idle process, and have each process watch for the end of the server."""
    rewrite_function(
        lambda_runtime, "reap_idle_workers", {" or (i == 0 and not snapstart_version)": ""}
    )
    lambda_svc.reap_idle_workers = lambda_runtime.reap_idle_workers
    seconds = lambda_runtime._LOCAL_WORKER_TTL / _CHECKS_PER_LIFETIME
    rewrite_function(
        lambda_svc, "_ensure_reaper_thread", {"time.sleep(30)": f"time.sleep({seconds})"}
    )
    rewrite_worker_script({_REDIRECT: _REDIRECT + _END_WITH_SERVER})
