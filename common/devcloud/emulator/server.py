"""Run the local AWS: python -m devcloud.emulator.server --port 8001 --dir .local."""

import argparse
import os
import shutil
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    """Serve until SIGTERM. The state is saved meanwhile and at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True, help="the directory of the state")
    parser.add_argument(
        "--sfn-wait-scale",
        type=float,
        default=1.0,
        help="the factor by which waits and retries of state machines are scaled",
    )
    parser.add_argument("--faults", type=Path, help="the directory of the fault plan")
    parser.add_argument(
        "--state", type=int, help="the moment of the saved state to restore; default: the newest"
    )
    parser.add_argument(
        "--idle-seconds", type=int, default=180, help="after which a Lambda's process ends"
    )
    parser.add_argument(
        "--save-every", type=float, default=2.0, help="seconds between saved states"
    )
    arguments = parser.parse_args()
    directory = arguments.dir.resolve()
    _set_environment(arguments.port, directory, arguments.sfn_wait_scale, arguments.idle_seconds)
    _serve(arguments.faults, directory / "aws", arguments.state, arguments.save_every)


def _set_environment(port: int, directory: Path, sfn_wait_scale: float, idle_seconds: int) -> None:
    """Set what ministack reads when it is imported."""
    scratch = _create_scratch(directory / "tmp")  # files of Lambdas, of no use to the next run
    os.environ |= {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "AUTH": "true",  # enforces the roles of Lambdas
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
    # Lambda processes inherit the environment, but must not import the repository's modules.
    os.environ.pop("PYTHONPATH", None)


def _create_scratch(scratch: Path) -> Path:
    """Create an empty directory. Remove that of an earlier run in the background."""
    for leftover in scratch.parent.glob("tmp*"):
        renamed = leftover.with_name(f"tmp-{time.time_ns()}")
        leftover.rename(renamed)
        threading.Thread(target=shutil.rmtree, args=(renamed, True), daemon=True).start()
    scratch.mkdir(parents=True)
    return scratch


def _serve(faults: Path | None, directory: Path, state: int | None, save_every: float) -> None:
    from ministack import app

    from devcloud.emulator import fault_injection, patches, restoring, saga_faults, snapshots

    patches.apply()
    generation = restoring.find(directory).generation if state is None else state
    snapshots.apply(directory, generation, save_every)
    if faults:
        fault_injection.apply(faults.resolve())
        saga_faults.apply(faults.resolve())
    del sys.argv[1:]  # ministack reads it too
    app.main()


if __name__ == "__main__":
    main()
