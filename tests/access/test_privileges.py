"""Who may do what in the shop, by its policies alone; whether anybody does it is looked at in tests/chaos/test_privileges_used.py."""

import re
from fnmatch import fnmatchcase

import pytest
import yaml

from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES
from tests.support.privileges import HERE, Grant, done_by_aws, grants, policy_files

# What is allowed on everything there is, and why it cannot be less.
UNBOUNDED = {
    "xray:PutTraceSegments": "X-Ray knows no resources",
    "xray:PutTelemetryRecords": "X-Ray knows no resources",
    "states:SendTaskSuccess": "a task token is no resource: whoever has it may answer, and only the saga's task and its row in Payments have it",
    "states:SendTaskFailure": "as SendTaskSuccess",
    "ses:SendEmail": "the sender's identity is a setting of the stage, and in SES' sandbox the recipients' are asked for, too",
    "sns:Publish": "a text message goes to a telephone number, which is no resource; the topic alone would not let it",
}
SIGNING_KEY = f"arn:aws:secretsmanager:{HERE}:secret:commerce/user-service/signing-keys-AbCdEf"
GATEWAYS_KEYS = [
    f"arn:aws:secretsmanager:{HERE}:secret:commerce/{gateway}-AbCdEf"
    for gateway in ("stripe", "razorpay")
]
# Each charges, gives back, asks the gateway what became of a payment, or checks the signature of its news.
TALKS_TO_THE_GATEWAY = {
    f"checkout-orchestrator-local{name}"
    for name in (
        "",
        "-process-payment",
        "-refund-payment",
        "-await-payment",
        "-on-order-cancelled",
        "-on-payment-webhook",
        "-on-refund-requested",
        "-on-payment-retry",
        "-reconcile",
        "-on-discrepancy",
    )
}
WRITES = re.compile(r"dynamodb:(Put|Update|Delete|BatchWrite|\*)")
# What a service reads of another's table, agreed with its owner; no service writes one.
TABLE = re.compile(
    r"^arn:aws:dynamodb:\*:\*:table/(?P<table>[A-Za-z]+)(?P<rest>$|/index/|/stream/)"
)


def may(action: str, resource: str) -> set[str]:
    """The Lambdas that the policies let do it."""
    return {
        grant.function for grant in grants() if grant.covers((grant.function, action, resource))
    }


def owners() -> dict[str, str]:
    """The service in whose template each table stands."""
    return {
        resource["Properties"]["TableName"]: service
        for service in SERVICES
        for resource in resources(service).values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def resources(service: str) -> dict[str, dict]:
    return yaml.load((ROOT / service / "resources.yml").read_text(), Loader=CloudFormation)[
        "Resources"
    ]


def test_each_lambda_has_a_policy_of_its_own_and_no_policy_is_left_over():
    files = list(policy_files().values())

    assert len(set(files)) == len(files)
    assert set(files) == {
        path for name in SERVICES for path in (ROOT / name).glob(".chalice/policy-*.json")
    }


def test_nobody_may_do_everything_to_anything():
    assert [str(grant) for grant in grants() if "*" in grant.action or "?" in grant.action] == []


def test_what_is_allowed_on_everything_has_a_reason():
    unbounded = {grant.action for grant in grants() if grant.resource == "*"}

    assert unbounded == set(UNBOUNDED)


def test_a_pattern_of_resources_stays_within_one_kind_of_thing():
    """A star stands for the region, the account, the stage, what AWS numbers itself, or all of one table's indexes."""
    tails = {grant.resource.split(":", 5)[-1] for grant in grants() if grant.resource != "*"}
    allowed = [
        "table/*/stream/[*]",
        "table/*/index/[*]",
        "log-group:/aws/lambda/*-[*]",
        "function:*-service-[*]-*",
        "function:checkout-orchestrator-[*]-reconcile",
        "execution:checkout-orchestrator:[*]",
    ]

    starred = {tail for tail in tails if "*" in tail}
    assert {tail for tail in starred if not any(fnmatchcase(tail, one) for one in allowed)} == set()
    assert [tail for tail in tails if re.search(r"table/[^/]*\*", tail)] == []


def test_only_user_service_signs_tokens_and_only_its_rotation_changes_the_key():
    assert may("secretsmanager:GetSecretValue", SIGNING_KEY) == {
        "user-service-local",
        "user-service-local-rotate-signing-key",
    }
    assert may("secretsmanager:PutSecretValue", SIGNING_KEY) == {
        "user-service-local-rotate-signing-key"
    }


@pytest.mark.parametrize("key", GATEWAYS_KEYS)
def test_only_who_talks_to_a_gateway_reads_its_key_and_nobody_changes_it(key):
    assert may("secretsmanager:GetSecretValue", key) == TALKS_TO_THE_GATEWAY
    assert may("secretsmanager:PutSecretValue", key) == set()


def test_no_other_secret_can_be_read():
    readable = {
        grant.resource.split("secret:")[1] for grant in grants() if "secretsmanager" in grant.action
    }

    assert readable == {
        "commerce/user-service/signing-keys-??????",
        "commerce/stripe-??????",
        "commerce/razorpay-??????",
    }


def test_only_the_rotation_publishes_the_keys_that_tokens_are_checked_with():
    published = f"arn:aws:ssm:{HERE}:parameter/commerce/auth/jwks"

    assert may("ssm:PutParameter", published) == {"user-service-local-rotate-signing-key"}


def test_a_table_is_written_by_its_owner_alone():
    whose, strangers = owners(), []
    for grant in grants():
        if WRITES.match(grant.action):
            table = TABLE.match(grant.resource)["table"]
            strangers += [] if grant.function.startswith(f"{whose[table]}-local") else [str(grant)]

    assert strangers == []


def test_what_aws_does_in_a_lambdas_name_it_is_allowed_to():
    """To empty its queue, to read its stream, to park what fails, to log."""
    allowed = grants()

    assert [
        access
        for access in sorted(done_by_aws())
        if not any(grant.covers(access) for grant in allowed)
    ] == []


def test_a_grant_is_for_one_lambda_one_action_and_one_kind_of_thing():
    grant = Grant("a", "sqs:SendMessage", "arn:aws:sqs:*:*:receipts")

    assert grant.covers(("a", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts"))
    assert not grant.covers(("b", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts"))
    assert not grant.covers(("a", "sqs:DeleteMessage", f"arn:aws:sqs:{HERE}:receipts"))
    assert not grant.covers(("a", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts-dlq"))
