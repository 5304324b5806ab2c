"""Deliver an event to a queue only if the queue's policy allows the rule to send.

ministack delivers to every queue.

AWS: EventBridge, "Using resource-based policies for Amazon EventBridge".
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import eventbridge, sqs

from devcloud.emulator.patching import require_parameters, rewrite_function

_SEND = '_dispatch_to_sqs(spec, event_payload, target.get("SqsParameters") or {})'
_SEND_IF_ALLOWED = (
    '_dispatch_if_allowed(spec, event_payload, target.get("SqsParameters") or {}, rule)'
)


def apply() -> None:
    """Evaluate the policy before an event is sent."""
    require_parameters(eventbridge._dispatch_to_sqs, "spec", "payload", "sqs_parameters")
    require_parameters(
        sqs.queue_policy_allows, "queue_arn", "service", "source_arn", "source_account"
    )
    rewrite_function(
        eventbridge,
        "_invoke_target",
        {_SEND: _SEND_IF_ALLOWED},
        _dispatch_if_allowed=dispatch_if_allowed,
    )


def dispatch_if_allowed(
    queue: Any, payload: str, parameters: dict[str, Any], rule: dict[str, Any]
) -> None:
    """Send the event, or log that the policy denies it."""
    if sqs.queue_policy_allows(str(queue), "events.amazonaws.com", rule["Arn"], get_account_id()):
        eventbridge._dispatch_to_sqs(queue, payload, parameters)
    else:
        eventbridge.logger.error("the policy of %s does not allow %s to send", queue, rule["Arn"])
