"""A batch of stream records that keeps failing is halved, given up, and the shard goes on, as its mapping says.

ministack tries it for ever, whatever MaximumRetryAttempts and BisectBatchOnFunctionError say, and so nothing behind it is
ever delivered.
"""

from dataclasses import dataclass
from typing import Any

from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite

_BACK_OFF = """            _esm_backoff_until[esm_id] = time.time() + _ESM_BACKOFF_SECONDS
        else:
"""
_GIVE_UP = """            if _gives_up(esm, pos, raw_len):
                _send_ddb_stream_failure_record(
                    esm, func_rec, batch, source_arn, result, "RetryAttemptsExhausted")
                with _dynamodb_stream_positions_lock:
                    _dynamodb_stream_positions[esm_id] = pos + raw_len
                processed_any = True
                continue
"""


@dataclass
class _Failing:
    position: int
    batch_size: int
    attempts: int = 0


_failing: dict[str, _Failing] = {}


def apply() -> None:
    """Count the attempts at each position of a stream."""
    source_indent = " " * 8
    rewrite(
        lambda_svc,
        "_poll_dynamodb_streams",
        {
            'batch_size = esm.get("BatchSize", 100)': "batch_size = _batch_size(esm, pos)",
            _indented(_BACK_OFF, source_indent): _indented(_GIVE_UP + _BACK_OFF, source_indent),
        },
        _batch_size=batch_size,
        _gives_up=gives_up,
    )


def batch_size(mapping: dict[str, Any], position: int) -> int:
    """How many records to read: the mapping's batch, or what is left of it after halving."""
    failing = _failing.get(mapping["UUID"])
    if failing and failing.position == position:
        return failing.batch_size
    return int(mapping.get("BatchSize", 100))


def gives_up(mapping: dict[str, Any], position: int, size: int) -> bool:
    """Note that the batch at this position failed; say whether that was the last attempt at it.

    Halving does not count as an attempt. A mapping without MaximumRetryAttempts, or with -1, never gives up.
    """
    failing = _failing.get(mapping["UUID"])
    if failing is None or failing.position != position:
        failing = _failing[mapping["UUID"]] = _Failing(position, size)
    if mapping.get("BisectBatchOnFunctionError") and size > 1:
        failing.batch_size = size // 2
        return False
    failing.attempts += 1
    retries = mapping.get("MaximumRetryAttempts")
    return retries is not None and int(retries) >= 0 and failing.attempts > int(retries)


def _indented(text: str, indent: str) -> str:
    return "".join(indent[4:] + line for line in text.splitlines(keepends=True))
