import subprocess
import sys

import pytest

# `types.ModuleType.__dict__` looks into a module without using it.
PROGRAM = """
import sys, types
from common import lazy_imports
with lazy_imports.until_first_use():
    import wave
inside = types.ModuleType.__dict__["__dict__"].__get__(wave)
print("Error" in inside, end=" ")
print(wave.Error.__name__, "Error" in inside)
import colorsys
print("rgb_to_hsv" in types.ModuleType.__dict__["__dict__"].__get__(colorsys))
"""


@pytest.mark.parametrize(
    ("settings", "at_once"),
    [
        ({}, True),
        ({"_HANDLER": "app.app"}, True),
        ({"_HANDLER": "app.authorizer"}, False),
        ({"_HANDLER": "app.check_inventory", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}, False),
        ({"_HANDLER": "app.check_inventory", "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}, True),
        (
            {
                "_HANDLER": "app.check_inventory",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency",
            },
            True,
        ),
    ],
)
def test_a_module_is_loaded_at_its_first_use_where_a_start_should_be_short(settings, at_once):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        env={"PYTHONPATH": "."} | settings,
        capture_output=True,
        text=True,
    )

    # What comes after the block is loaded at once, wherever.
    assert done.stdout.split() == [str(at_once), "Error", "True", "True"], done.stderr


def test_what_postponing_needs_itself_is_never_postponed():
    program = (
        "from common import lazy_imports\n"
        "with lazy_imports.until_first_use():\n"
        "    import threading\n"
        "print(type(threading).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ".", "_HANDLER": "app.authorizer"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "module", done.stderr
