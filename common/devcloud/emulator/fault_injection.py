"""Load devcloud/faults/agent.py into every Lambda process."""

from pathlib import Path

from devcloud.emulator.patching import rewrite_worker_script

_AGENT = Path(__file__).parents[1] / "faults" / "agent.py"
_IMPORT = """    try:
        mod = importlib.import_module(module_name)
"""
_CALL = "            result = handler_fn(event, context)\n"


def apply(directory: Path) -> None:
    """Make each process read its fault plan from this directory."""
    load = f"""    import importlib.util
    _spec = importlib.util.spec_from_file_location("faults_agent", {str(_AGENT)!r})
    _agent = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_agent)
    _faults = _agent.install({str(directory)!r})
"""
    begin = "            _faults.begin(event)\n"
    rewrite_worker_script({_IMPORT: load + _IMPORT, _CALL: begin + _CALL})
