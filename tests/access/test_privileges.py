"""What the policies allow. tests/chaos/test_privileges_used.py tests what is used."""

import re
from fnmatch import fnmatchcase

import pytest
import yaml

from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES
from tests.support.privileges import HERE, Grant, done_by_aws, grants, policy_files

# Actions that are allowed on all resources, and why.
UNBOUNDED = {
    "dynamodb:ListStreams": "it lists the streams of the account, and knows no resource",
    "xray:PutTraceSegments": "X-Ray knows no resources",
    "xray:PutTelemetryRecords": "X-Ray knows no resources",
    "states:SendTaskSuccess": (
        "a task token is no resource, and only the saga's task and its row in Payments have it"
    ),
    "states:SendTaskFailure": "as SendTaskSuccess",
    "ses:SendEmail": (
        "the sender's identity is a setting of the stage, and SES' sandbox checks recipients, too"
    ),
    "sns:Publish": "an SMS goes to a phone number, which is no resource",
}
SIGNING_KEY = f"arn:aws:secretsmanager:{HERE}:secret:commerce/user-service/signing-keys-AbCdEf"
GATEWAY_KEYS = [
    f"arn:aws:secretsmanager:{HERE}:secret:commerce/{gateway}-AbCdEf"
    for gateway in ("stripe", "razorpay")
]
# Each charges, refunds, reads intents, or checks the signatures of webhooks.
GATEWAY_CALLERS = {
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
# A table, one of its indexes, or its stream.
TABLE = re.compile(
    r"^arn:aws:dynamodb:\*:\*:table/(?P<table>[A-Za-z]+)(?P<rest>$|/index/|/stream/)"
)


def may(action: str, resource: str) -> set[str]:
    """The Lambdas whose policies allow it."""
    return {
        grant.function for grant in grants() if grant.covers((grant.function, action, resource))
    }


def owners() -> dict[str, str]:
    """The service that owns each table."""
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


def test_each_lambda_has_its_policy_and_each_policy_its_lambda():
    files = list(policy_files().values())

    assert len(set(files)) == len(files)
    assert set(files) == {
        path for name in SERVICES for path in (ROOT / name).glob(".chalice/policy-*.json")
    }


def test_no_grant_has_a_wildcard_action():
    assert [str(grant) for grant in grants() if "*" in grant.action or "?" in grant.action] == []


def test_every_grant_on_all_resources_has_a_reason():
    unbounded = {grant.action for grant in grants() if grant.resource == "*"}

    assert unbounded == set(UNBOUNDED)


def test_a_resource_pattern_covers_one_kind_of_resource():
    """A star is for region, account, stage, generated ids, or a table's indexes."""
    tails = {grant.resource.split(":", 5)[-1] for grant in grants() if grant.resource != "*"}
    allowed = [
        "table/*/stream/[*]",
        "table/*/index/[*]",
        "log-group:/aws/lambda/*-[*]",
        "function:*-service-[*]-*",
        "function:checkout-orchestrator-[*]-reconcile",
        "execution:checkout-orchestrator:[*]",
        "commerce-invoices-[*]/[*]",  # S3: account and region, and the numbers
        "commerce-catalogue-[*]/imports/[*]",
        "commerce-catalogue-[*]/search/[*]",  # S3: account and region, and the versions' ids
    ]

    starred = {tail for tail in tails if "*" in tail}
    assert {tail for tail in starred if not any(fnmatchcase(tail, one) for one in allowed)} == set()
    assert [tail for tail in tails if re.search(r"table/[^/]*\*", tail)] == []


def test_only_user_service_reads_and_rotates_the_signing_key():
    assert may("secretsmanager:GetSecretValue", SIGNING_KEY) == {
        "user-service-local",
        "user-service-local-rotate-signing-key",
    }
    assert may("secretsmanager:PutSecretValue", SIGNING_KEY) == {
        "user-service-local-rotate-signing-key"
    }


@pytest.mark.parametrize("key", GATEWAY_KEYS)
def test_only_callers_of_a_gateway_read_its_key(key):
    assert may("secretsmanager:GetSecretValue", key) == GATEWAY_CALLERS
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


def test_only_the_rotation_publishes_the_public_keys():
    published = f"arn:aws:ssm:{HERE}:parameter/commerce/auth/jwks"

    assert may("ssm:PutParameter", published) == {"user-service-local-rotate-signing-key"}


def test_only_the_owner_writes_a_table():
    whose, foreign_writes = owners(), []
    for grant in grants():
        if WRITES.match(grant.action):
            table = TABLE.match(grant.resource)["table"]
            foreign_writes += (
                [] if grant.function.startswith(f"{whose[table]}-local") else [str(grant)]
            )

    assert foreign_writes == []


def test_the_policies_allow_what_aws_does_with_the_roles():
    """Reading queues and streams, sending failed batches, logs and traces."""
    allowed = grants()

    assert [
        access
        for access in sorted(done_by_aws())
        if not any(grant.covers(access) for grant in allowed)
    ] == []


def test_a_grant_covers_one_lambda_one_action_and_one_resource():
    grant = Grant("a", "sqs:SendMessage", "arn:aws:sqs:*:*:receipts")

    assert grant.covers(("a", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts"))
    assert not grant.covers(("b", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts"))
    assert not grant.covers(("a", "sqs:DeleteMessage", f"arn:aws:sqs:{HERE}:receipts"))
    assert not grant.covers(("a", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts-dlq"))
