"""Stream records that were not read before AWS was stopped are read after it was started again; on AWS nothing stops.

ministack keeps how far each consumer has read, but not the records: after a restart every consumer would wait until its table
has changed as often as ever before, and an order stored just before would never be announced.
"""

from ministack.services import dynamodb

from devcloud.emulator.patching import rewrite

_KEEP = """    "exports": copy.deepcopy(_exports),
"""
_RESTORE = """        _exports.update(data.get("exports", {}))
"""


def apply() -> None:
    """Keep the records and their places together with the tables."""
    rewrite(
        dynamodb,
        "get_state",
        {
            _KEEP: _KEEP
            + """        "stream_records": copy.deepcopy(_stream_records),
        "stream_trimmed": copy.deepcopy(_stream_trimmed),
        "stream_sequence": _stream_seq_counter,
"""
        },
    )
    rewrite(
        dynamodb,
        "_restore_state",
        {
            _RESTORE: _RESTORE
            + """        _stream_records.update(data.get("stream_records", {}))
        _stream_trimmed.update(data.get("stream_trimmed", {}))
        _restore_sequence(data.get("stream_sequence", 0))
"""
        },
        _restore_sequence=restore_sequence,
    )


def restore_sequence(last: int) -> None:
    """Go on numbering where the numbering ended."""
    dynamodb._stream_seq_counter = max(dynamodb._stream_seq_counter, int(last))
