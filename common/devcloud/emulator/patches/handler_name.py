"""A Lambda finds the name of its handler in the variable `_HANDLER`, by which common.lazy_imports decides what to load at once.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from ministack.core import lambda_runtime

from devcloud.emulator.patching import exchange


def apply() -> None:
    """Let the Python worker set it before it imports the handler."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = exchange(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        "    os.environ.update(env)\n",
        '    os.environ.update(env, _HANDLER=f"{module_name}.{handler_name}")\n',
        "the Python worker's script",
    )
