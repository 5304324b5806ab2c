"""Bisect and discard a batch of stream records that keeps failing.

ministack ignores MaximumRetryAttempts and BisectBatchOnFunctionError: it retries the batch forever
and never delivers the records behind it.

AWS: Lambda, "Lambda parameters for Amazon DynamoDB event source mappings".
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

from dataclasses import dataclass
from typing import Any

from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite_function

_BATCH_SIZE = 'batch_size = esm.get("BatchSize", 100)'
_BACK_OFF = """                _esm_backoff_until[esm_id] = time.time() + _ESM_BACKOFF_SECONDS
            else:
"""
_DISCARD = """                if _is_exhausted(esm, pos, raw_len):
                    _send_ddb_stream_failure_record(
                        esm, func_rec, batch, source_arn, result, "RetryAttemptsExhausted")
                    with _dynamodb_stream_positions_lock:
                        _dynamodb_stream_positions[esm_id] = pos + raw_len
                    processed_any = True
                    continue
"""


@dataclass
class FailingBatch:
    """The batch at which a mapping's shard is held up."""

    position: int
    size: int
    attempts: int = 0


_failing: dict[str, FailingBatch] = {}  # by the UUID of the mapping


def apply() -> None:
    """Count the attempts at each position of a stream."""
    rewrite_function(
        lambda_svc,
        "_poll_dynamodb_streams",
        {_BATCH_SIZE: "batch_size = _batch_size(esm, pos)", _BACK_OFF: _DISCARD + _BACK_OFF},
        _batch_size=batch_size,
        _is_exhausted=count_failure,
    )


def batch_size(mapping: dict[str, Any], position: int) -> int:
    """Return the mapping's batch size, or less after bisection."""
    failing = _failing.get(mapping["UUID"])
    if failing and failing.position == position:
        return failing.size
    return int(mapping.get("BatchSize", 100))


def count_failure(mapping: dict[str, Any], position: int, size: int) -> bool:
    """Count a failed attempt at this position. Return whether it was the last.

    Bisection does not count as an attempt. Without MaximumRetryAttempts, or with -1, attempts are
    unlimited.
    """
    failing = _failing.get(mapping["UUID"])
    if failing is None or failing.position != position:
        failing = _failing[mapping["UUID"]] = FailingBatch(position, size)
    if mapping.get("BisectBatchOnFunctionError") and size > 1:
        failing.size = size // 2
        return False
    failing.attempts += 1
    limit = mapping.get("MaximumRetryAttempts")
    return limit is not None and 0 <= int(limit) < failing.attempts
