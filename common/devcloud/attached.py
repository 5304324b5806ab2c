"""Run a module until its parent process ends.

`python -m devcloud.attached MODULE ...`

Standard input is a pipe that only the parent holds. When it closes, this process ends as on
SIGTERM.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module with the rest of the arguments."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
