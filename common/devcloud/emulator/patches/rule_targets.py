"""A rule's targets are reached as on AWS: a Lambda is tried again, and a queue must let the rule in.

ministack tries a Lambda once, and gives a message to any queue whatever the queue's policy says.
"""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import eventbridge, sqs

from devcloud.emulator.patching import expect_parameters, rewrite

_ONCE = """    threading.Thread(
        target=lambda_svc._execute_function_with_config_scope, args=(exec_record, event), daemon=True
    ).start()
"""

_dispatch_to_sqs = eventbridge._dispatch_to_sqs
_invoke_target = eventbridge._invoke_target


def apply() -> None:
    """Use Lambda's own asynchronous invocation, and ask the queue's policy."""
    rewrite(
        eventbridge,
        "_dispatch_to_lambda",
        {_ONCE: "    lambda_svc.invoke_async_with_retry(exec_record, event)\n"},
    )
    expect_parameters(_dispatch_to_sqs, "spec", "payload", "sqs_parameters")
    expect_parameters(
        sqs.queue_policy_allows, "queue_arn", "service", "source_arn", "source_account"
    )
    rewrite(
        eventbridge,
        "_invoke_target",
        {
            '_dispatch_to_sqs(spec, event_payload, target.get("SqsParameters") or {})': (
                '_dispatch_if_allowed(spec, event_payload, target.get("SqsParameters") or {}, rule)'
            )
        },
        _dispatch_if_allowed=dispatch_if_allowed,
    )


def dispatch_if_allowed(
    queue: Any, payload: str, parameters: dict[str, Any], rule: dict[str, Any]
) -> None:
    """Give the message to the queue, or log that its policy does not let this rule in."""
    if sqs.queue_policy_allows(str(queue), "events.amazonaws.com", rule["Arn"], get_account_id()):
        _dispatch_to_sqs(queue, payload, parameters)
    else:
        eventbridge.logger.error("the policy of %s does not let %s send to it", queue, rule["Arn"])
