"""A Lambda that logs nothing answers at once; ministack waits 50 ms for a line that never comes."""

from ministack.core import lambda_runtime

from localcloud.aws.patching import expect_parameters

FIRST_LINE_SECONDS = 0.005
QUIET_SECONDS = 0.003
AT_MOST_SECONDS = 0.250


def apply() -> None:
    """Shorten the wait for a log line."""
    drain = lambda_runtime.Worker._drain_stderr_bounded
    expect_parameters(drain, "self", "first_line_wait", "idle_confirm", "hard_cap")
    drain.__defaults__ = (FIRST_LINE_SECONDS, QUIET_SECONDS, AT_MOST_SECONDS)
