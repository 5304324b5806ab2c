"""A client of one service in this process: HTTP, Lambdas, queues and streams."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from chalice.cli.factory import CLIFactory
from chalice.local import LocalChalice
from chalice.test import HTTPResponse, TestHTTPClient, TestLambdaClient

from common import api, aws, ids, queues

_serializer = TypeSerializer()


class Api:
    """One service, in this process."""

    def __init__(self, service: Path) -> None:
        api.Api.enforce_declarations = True
        factory = CLIFactory(str(service))
        config = factory.create_config_obj(chalice_stage_name="local")
        self.app = config.chalice_app
        self.app.__class__ = (
            LocalChalice  # keeps the current request per thread, as `chalice local` does
        )
        self._http = _Http(self.app, config)
        self._lambdas = _Lambdas(self.app, config)

    def get(
        self, path: str, token: str | None = None, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        """GET with the token."""
        return self.request("GET", path, None, token, headers)

    def post(
        self,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        """POST a JSON body. Text and bytes are sent unchanged."""
        return self.request("POST", path, body, token, headers)

    def put(
        self,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        """PUT a JSON body."""
        return self.request("PUT", path, body, token, headers)

    def patch(
        self,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        """PATCH with a JSON body."""
        return self.request("PATCH", path, body, token, headers)

    def delete(
        self, path: str, token: str | None = None, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        """DELETE."""
        return self.request("DELETE", path, None, token, headers)

    def request(
        self, method: str, path: str, body: Any, token: str | None, headers: dict[str, str] | None
    ) -> HTTPResponse:
        """Send any request. The response has status_code, headers and json_body."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return self._http.request(method, path, headers=sent, body=_as_bytes(body))

    def invoke(self, name: str, event: Any) -> Any:
        """Invoke a Lambda by its name. What it raises is raised."""
        return self._lambdas.invoke(name, event).payload

    def sqs(self, name: str, messages: Sequence[Any], queue: str | None = None) -> None:
        """Deliver a batch of messages to the consumer. Anything but text as JSON.

        With the queue's name they are sent to and received from it, so that deleting them is real.
        """
        bodies = [
            message if isinstance(message, str) else json.dumps(message) for message in messages
        ]
        records = through(queue, bodies) if queue else [_sqs_record(body) for body in bodies]
        self._lambdas.invoke(name, {"Records": records})

    def stream(self, name: str, records: Sequence[dict[str, Any]]) -> None:
        """Deliver a batch of stream records to the consumer."""
        self._lambdas.invoke(name, {"Records": list(records)})


def stream_record(
    table: str, old: dict[str, Any] | None, new: dict[str, Any] | None, event_id: str | None = None
) -> dict[str, Any]:
    """Build a stream record as Lambda gets it, from plain images."""
    name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": event_id or ids.suffix(ids.new("REC")),
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": (
            f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/2025-10-13T00:00:00.000"
        ),
        "dynamodb": {
            "ApproximateCreationDateTime": 1760364600,
            "Keys": {},
            "SequenceNumber": "1",
            "SizeBytes": 1,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **{key: _typed(image) for key, image in images.items() if image is not None},
        },
    }


def stream_records(table: str) -> list[dict[str, Any]]:
    """Return all records of the table's stream, as Lambda gets them."""
    streams = aws.client("dynamodbstreams")
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    records = [record for shard in shards for record in _shard(arn, shard["ShardId"])]
    return [_as_lambda_gets_it(record, arn) for record in records]


def _shard(arn: str, shard_id: str) -> list[dict[str, Any]]:
    streams = aws.client("dynamodbstreams")
    start = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    records: list[dict[str, Any]] = streams.get_records(ShardIterator=start["ShardIterator"])[
        "Records"
    ]
    return records


def _as_lambda_gets_it(record: dict[str, Any], arn: str) -> dict[str, Any]:
    body = dict(record["dynamodb"])
    moment = body.get("ApproximateCreationDateTime")
    body["ApproximateCreationDateTime"] = moment.timestamp() if moment else 0
    body.setdefault("StreamViewType", "NEW_AND_OLD_IMAGES")
    body.setdefault("SizeBytes", 1)
    return {**record, "dynamodb": body, "eventSourceARN": arn, "awsRegion": "us-east-1"}


def _typed(image: dict[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(value) for name, value in image.items()}


def _sqs_record(body: str) -> dict[str, Any]:
    return {
        "messageId": ids.suffix(ids.new("MSG")),
        "receiptHandle": "none",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:none",
        "awsRegion": "us-east-1",
    }


def through(queue: str, bodies: Sequence[str]) -> list[dict[str, Any]]:
    """Send the bodies to the queue, receive them, and return Lambda's records."""
    sqs, url = aws.client("sqs"), queues.url(queue)
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)[
        "Messages"
    ]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    return [
        {
            **_sqs_record(message["Body"]),
            "receiptHandle": message["ReceiptHandle"],
            "messageId": message["MessageId"],
            "eventSourceARN": arn,
        }
        for message in received
    ]


def _as_bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str | bytes):
        return body.encode() if isinstance(body, str) else body
    return json.dumps(body).encode()


class _Http(TestHTTPClient):
    """Chalice's test client, without its changes of os.environ: threads share it."""

    @contextmanager
    def _patched_env_vars(self, environment_variables: dict[str, str]) -> Iterator[None]:
        yield


class _Lambdas(TestLambdaClient):
    """Likewise."""

    @contextmanager
    def _patched_env_vars(self, environment_variables: dict[str, str]) -> Iterator[None]:
        yield
