"""Loads devcloud/faults/agent.py into every Lambda process, when a shop was started to be tormented."""

from pathlib import Path

from ministack.core import lambda_runtime

from devcloud.emulator.patching import exchange

_AGENT = Path(__file__).parents[1] / "faults" / "agent.py"
_LOADED = """    try:
        mod = importlib.import_module(module_name)
"""
_CALLED = "            result = handler_fn(event, context)\n"


def apply(directory: Path) -> None:
    """Have each process read its plan in this directory."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    load = f"""    import importlib.util
    _spec = importlib.util.spec_from_file_location("faults_agent", {str(_AGENT)!r})
    _agent = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_agent)
    _faults = _agent.install({str(directory)!r})
"""
    where = "the Python worker's script"
    script = exchange(script, _LOADED, load + _LOADED, where)
    script = exchange(script, _CALLED, "            _faults.begin(event)\n" + _CALLED, where)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
