"""A Lambda's process ends when nobody has called it for a while, and with this AWS, however that ends.

ministack keeps one process of each Lambda for ever, some 60 MB each. And one that is in the middle of a call when this AWS is killed
goes on with it for as long as it takes: it would charge a card that nobody knows of.
"""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from devcloud.emulator.patching import exchange, rewrite

_BEGUN = """    _real_stdout = sys.stdout
    sys.stdout = sys.stderr
"""
# Standard input is a pipe from the server. It hangs up when the server is no more.
_END_WITH_SERVER = """    import select, threading
    def _end_with_server():
        pipe = select.poll()
        pipe.register(0, 0)
        pipe.poll()
        os._exit(1)
    threading.Thread(target=_end_with_server, daemon=True).start()
"""
_LOOKS_PER_LIFETIME = 6


def apply() -> None:
    """Let all idle processes go, and have each watch for its server's end."""
    rewrite(lambda_runtime, "reap_idle_workers", {" or (i == 0 and not snapstart_version)": ""})
    lambda_svc.reap_idle_workers = lambda_runtime.reap_idle_workers
    look_seconds = lambda_runtime._LOCAL_WORKER_TTL / _LOOKS_PER_LIFETIME
    rewrite(lambda_svc, "_ensure_reaper_thread", {"time.sleep(30)": f"time.sleep({look_seconds})"})
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime._PYTHON_WORKER_SCRIPT = exchange(
        script, _BEGUN, _BEGUN + _END_WITH_SERVER, "the Python worker's script"
    )
