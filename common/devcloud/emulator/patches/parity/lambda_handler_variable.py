"""Set the environment variable _HANDLER of a Python Lambda.

ministack sets it for custom runtimes only. `common.lazy_imports` reads it.

AWS: Lambda, "Working with Lambda environment variables" (defined runtime environment variables).
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from devcloud.emulator.patching import rewrite_worker_script

_ENVIRONMENT = "    os.environ.update(env)\n"
_WITH_HANDLER = '    os.environ.update(env, _HANDLER=f"{module_name}.{handler_name}")\n'


def apply() -> None:
    """Set it before the handler's module is imported."""
    rewrite_worker_script({_ENVIRONMENT: _WITH_HANDLER})
