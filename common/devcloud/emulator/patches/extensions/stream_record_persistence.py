"""Keep stream records that no consumer has read yet over a restart.

ministack saves the position of each consumer, but not the records: after a restart a consumer
would wait until its table has changed as often as before.
"""

from ministack.services import dynamodb

from devcloud.emulator.patching import rewrite_function

_SAVED = """    "exports": copy.deepcopy(_exports),
"""
_SAVED_RECORDS = """        "stream_records": copy.deepcopy(_stream_records),
        "stream_trimmed": copy.deepcopy(_stream_trimmed),
        "stream_sequence": _stream_seq_counter,
"""
_RESTORED = """        _exports.update(data.get("exports", {}))
"""
_RESTORED_RECORDS = """        _stream_records.update(data.get("stream_records", {}))
        _stream_trimmed.update(data.get("stream_trimmed", {}))
        _restore_sequence(data.get("stream_sequence", 0))
"""


def apply() -> None:
    """Save the records and their positions with the tables."""
    rewrite_function(dynamodb, "get_state", {_SAVED: _SAVED + _SAVED_RECORDS})
    rewrite_function(
        dynamodb,
        "_restore_state",
        {_RESTORED: _RESTORED + _RESTORED_RECORDS},
        _restore_sequence=restore_sequence,
    )


def restore_sequence(last: int) -> None:
    """Continue the sequence numbers after the last saved one."""
    dynamodb._stream_seq_counter = max(dynamodb._stream_seq_counter, int(last))
