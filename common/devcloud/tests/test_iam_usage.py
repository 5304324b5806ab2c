"""The permissions of a Lambda's requests, derived from those that boto3 makes."""

from contextlib import suppress

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from devcloud.faults.iam_usage import needed

HERE = "us-east-1:000000000000"
TABLE = f"arn:aws:dynamodb:{HERE}:table"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:checkout"
KEY = {"orderId": {"S": "1"}}


def asked(service: str, method: str, **arguments: object) -> set[tuple[str, str]]:
    """Return the permissions of this call's request, without sending it."""
    client = boto3.client(
        service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    permissions = []

    def instead_of_sending(request, **_):
        headers = {name.lower(): text(value) for name, value in request.headers.items()}
        permissions.extend(needed(request.url, headers, text(request.body or "")))
        return AWSResponse(request.url, 400, {}, None)

    client.meta.events.register("before-send", instead_of_sending)
    with suppress(Exception):  # there is no answer, so anything may go wrong after it
        getattr(client, method)(**arguments)
    return set(permissions)


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        (
            ("dynamodb", "get_item", {"TableName": "Orders", "Key": KEY}),
            ("dynamodb:GetItem", f"{TABLE}/Orders"),
        ),
        (
            ("dynamodb", "query", {"TableName": "Orders", "IndexName": "by-day"}),
            ("dynamodb:Query", f"{TABLE}/Orders/index/by-day"),
        ),
        (
            ("sqs", "send_message_batch", {"QueueUrl": "http://here/0/receipts", "Entries": []}),
            ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:receipts"),
        ),
        (
            ("sqs", "get_queue_url", {"QueueName": "receipts"}),
            ("sqs:GetQueueUrl", f"arn:aws:sqs:{HERE}:receipts"),
        ),
        (
            ("events", "put_events", {"Entries": [{"EventBusName": "commerce"}]}),
            ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/commerce"),
        ),
        (
            ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE}),
            ("states:StartExecution", MACHINE),
        ),
        (
            ("stepfunctions", "send_task_success", {"taskToken": "t", "output": "{}"}),
            ("states:SendTaskSuccess", "*"),
        ),
        (
            ("secretsmanager", "get_secret_value", {"SecretId": "commerce/stripe"}),
            (
                "secretsmanager:GetSecretValue",
                f"arn:aws:secretsmanager:{HERE}:secret:commerce/stripe-AbCdEf",
            ),
        ),
        (
            ("ssm", "get_parameter", {"Name": "/commerce/auth/jwks"}),
            ("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/commerce/auth/jwks"),
        ),
        (
            ("lambda", "invoke", {"FunctionName": "order-service-local-fail-order"}),
            (
                "lambda:InvokeFunction",
                f"arn:aws:lambda:{HERE}:function:order-service-local-fail-order",
            ),
        ),
        (("sns", "publish", {"PhoneNumber": "+15550100", "Message": "m"}), ("sns:Publish", "*")),
        (
            (
                "ses",
                "send_email",
                {
                    "Source": "s",
                    "Destination": {},
                    "Message": {"Subject": {"Data": ""}, "Body": {}},
                },
            ),
            ("ses:SendEmail", "*"),
        ),
    ],
    ids=lambda given: given[1] if isinstance(given[1], str) else None,
)
def test_a_call_needs_its_own_permission(call, permission):
    service, method, arguments = call

    assert asked(service, method, **arguments) == {permission}


def test_a_transaction_needs_what_each_of_its_writes_needs():
    items = [
        {"Put": {"TableName": "Orders", "Item": KEY}},
        {"ConditionCheck": {"TableName": "Carts", "Key": KEY, "ConditionExpression": "a = b"}},
        {"Update": {"TableName": "Inventory", "Key": KEY, "UpdateExpression": "SET a = b"}},
    ]

    assert asked("dynamodb", "transact_write_items", TransactItems=items) == {
        ("dynamodb:PutItem", f"{TABLE}/Orders"),
        ("dynamodb:ConditionCheckItem", f"{TABLE}/Carts"),
        ("dynamodb:UpdateItem", f"{TABLE}/Inventory"),
    }


def test_a_batch_needs_permission_for_each_of_its_tables():
    tables = {"Products": {"Keys": [KEY]}, "Inventory": {"Keys": [KEY]}}

    assert asked("dynamodb", "batch_get_item", RequestItems=tables) == {
        ("dynamodb:BatchGetItem", f"{TABLE}/Products"),
        ("dynamodb:BatchGetItem", f"{TABLE}/Inventory"),
    }


def test_anybody_may_ask_who_they_are():
    assert asked("sts", "get_caller_identity") == set()


def test_a_request_to_a_gateway_needs_no_permission_of_aws():
    assert (
        needed(
            "https://api.stripe.com/v1/payment_intents", {"authorization": "Bearer k"}, "amount=1"
        )
        == []
    )
