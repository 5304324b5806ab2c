"""A Lambda is ready when the next question comes; ministack lets it wait half a second.

Too long for Chalice's first look after a change, and its second is five seconds later, twice for each Lambda.
"""

from ministack.services import lambda_svc

from localcloud.aws.patching import UnexpectedSource


def apply() -> None:
    """Take the wait away."""
    if not hasattr(lambda_svc, "_LAMBDA_STATE_TRANSITION_DELAY"):
        raise UnexpectedSource(
            "ministack no longer delays a Lambda's state by _LAMBDA_STATE_TRANSITION_DELAY"
        )
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0
