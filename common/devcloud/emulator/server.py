"""Run the local AWS: `python -m devcloud.emulator.server --port 8001 --dir .local`."""

import argparse
import os
import shutil
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    """Serve until SIGTERM; the state is saved all the while, and at the end."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--dir", type=Path, required=True, help="where the state is kept")
    arguments.add_argument(
        "--sfn-wait-scale", type=float, default=1.0, help="waits and retries, times this"
    )
    arguments.add_argument(
        "--faults", type=Path, help="where the plan of what goes wrong in Lambdas is"
    )
    arguments.add_argument(
        "--state", type=int, help="the saved state to restore, by its moment; the newest"
    )
    arguments.add_argument(
        "--idle-seconds", type=int, default=180, help="after which a Lambda's process ends"
    )
    arguments.add_argument(
        "--save-every", type=float, default=2.0, help="seconds between saved states"
    )
    given = arguments.parse_args()
    directory = given.dir.resolve()
    _settle(given.port, directory, given.sfn_wait_scale, given.idle_seconds)
    _serve(given.faults, directory / "aws", given.state, given.save_every)


def _settle(port: int, directory: Path, sfn_wait_scale: float, idle_seconds: int) -> None:
    """Ministack's settings, which it reads when it is imported."""
    scratch = _empty(directory / "tmp")  # Lambdas' files, of no use to the next run
    os.environ |= {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "AUTH": "true",  # a Lambda may do what its role allows, and nothing else
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "aws"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(directory / "aws" / "s3"),
        "TMPDIR": str(scratch),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_ACCOUNT_CONCURRENCY": "64",
        "SFN_WAIT_SCALE": str(sfn_wait_scale),
        "LAMBDA_WARM_TTL_SECONDS": str(idle_seconds),
    }
    # Lambda processes inherit the environment; the repository's own modules must not reach them that way.
    os.environ.pop("PYTHONPATH", None)


def _empty(scratch: Path) -> Path:
    """A new directory; what an earlier run left is removed while this one starts: on a busy disk it takes a while."""
    for leftover in scratch.parent.glob("tmp*"):
        gone = leftover.with_name(f"tmp-{time.time_ns()}")
        leftover.rename(gone)
        threading.Thread(target=shutil.rmtree, args=(gone, True), daemon=True).start()
    scratch.mkdir(parents=True)
    return scratch


def _serve(faults: Path | None, directory: Path, state: int | None, save_every: float) -> None:
    from ministack import app

    from devcloud.emulator import fault_injection, patches, restoring, saga_faults, snapshots

    patches.apply()
    restored = restoring.find(directory).generation if state is None else state
    snapshots.apply(directory, restored, save_every)
    if faults:
        fault_injection.apply(faults.resolve())
        saga_faults.apply(faults.resolve())
    del sys.argv[1:]  # ministack reads it too
    app.main()


if __name__ == "__main__":
    main()
