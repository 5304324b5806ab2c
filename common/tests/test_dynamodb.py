from io import BytesIO

import pytest
from botocore.awsrequest import AWSResponse
from botocore.session import get_session
from pynamodb.attributes import (
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import (
    AttributeDeserializationError,
    DeleteError,
    PutError,
    UpdateError,
)
from pynamodb.models import Model
from urllib3 import HTTPResponse

from common import aws, dynamodb
from testkit.plugin import moto


class Line(MapAttribute):
    product_id = UnicodeAttribute(attr_name="productId")
    qty = NumberAttribute(default=1)


ONE, DEFAULT = (
    {"M": {"productId": {"S": "PROD#1"}, "qty": {"N": "2"}}},
    {"M": {"productId": {"S": "PROD#2"}}},
)


@pytest.mark.parametrize("stored", [[], [ONE], [ONE, DEFAULT], [ONE, {"NULL": True}]])
def test_a_list_of_maps_reads_as_pynamodb_reads_it(stored):
    ours, theirs = dynamodb.MapsAttribute(of=Line), ListAttribute(of=Line)

    def plain(lines):
        return [line and (type(line), line.as_dict()) for line in lines]

    assert plain(ours.deserialize(stored)) == plain(theirs.deserialize(stored))


def test_what_is_no_map_is_refused_with_its_place():
    lines = dynamodb.MapsAttribute(of=Line, attr_name="items")

    with pytest.raises(AttributeDeserializationError, match=r"items\[1\]"):
        lines.deserialize([ONE, {"S": "two pieces"}])


def test_the_maps_of_a_list_do_not_share_their_values():
    first, second = dynamodb.MapsAttribute(of=Line).deserialize([ONE, ONE])
    first.qty = 7

    assert second.qty == 2


@pytest.fixture
def credentials(monkeypatch):
    for name, value in {
        "ACCESS_KEY_ID": "nobody",
        "SECRET_ACCESS_KEY": "nothing",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)


def test_every_client_says_that_it_is_the_shops(credentials):
    sent = []

    def answer(request, **more):
        sent.append(request.headers["User-Agent"].decode())
        return AWSResponse(
            request.url, 200, {}, HTTPResponse(BytesIO(b"{}"), preload_content=False)
        )

    sqs = get_session().create_client("sqs", region_name="us-east-1")
    connection = Connection(region="us-east-1", host="http://127.0.0.1:9")
    for client in (connection.client, sqs):
        client.meta.events.register_first("before-send", answer)
    connection.list_tables()
    sqs.list_queues()

    assert len(sent) == 2
    assert all(agent.startswith(aws.USER_AGENT) for agent in sent)


def test_a_call_that_hangs_ends_before_a_step_of_the_saga_would(credentials):
    """A saga step has 20 s, an authorizer 10 s.

    botocore and PynamoDB count the first attempt differently.
    """
    connection = Connection(
        region="us-east-1",
        connect_timeout_seconds=dynamodb.Meta.connect_timeout_seconds,
        read_timeout_seconds=dynamodb.Meta.read_timeout_seconds,
        max_retry_attempts=dynamodb.Meta.max_retry_attempts,
    ).client

    def longest(client):
        limits = client.meta.config
        return limits.retries["total_max_attempts"] * limits.read_timeout

    assert longest(connection) == 15
    assert longest(aws.client("sqs")) == 18
    assert longest(aws.client("ssm", seconds=2)) == 4


class Row(Model):
    class Meta(dynamodb.Meta):
        table_name = "Rows"
        region = "us-east-1"

    key = UnicodeAttribute(hash_key=True)
    count = dynamodb.WholeNumber(default=0)


class VersionedRow(Row):
    class Meta(Row.Meta):
        pass

    version = VersionAttribute()


@pytest.fixture
def row(credentials):
    with moto():
        Row.create_table(billing_mode="PAY_PER_REQUEST")
        Row("a", count=1).save()
        yield Row("a")


def test_an_item_that_is_not_there_is_none(row):
    assert dynamodb.find(Row, "a").count == 1
    assert dynamodb.find(Row, "b") is None


def test_a_conditional_write_says_whether_it_took_place(row):
    assert dynamodb.update_if(row, [Row.count.add(1)], Row.count == 1)
    assert not dynamodb.update_if(row, [Row.count.add(1)], Row.count == 1)
    assert not dynamodb.save_if(Row("a", count=9), Row.key.does_not_exist())
    assert not dynamodb.delete_if(row, Row.count == 1)
    assert dynamodb.find(Row, "a").count == 2
    assert dynamodb.save_if(Row("b"), Row.key.does_not_exist())
    assert dynamodb.delete_if(Row("b"), Row.key.exists())
    assert dynamodb.find(Row, "b") is None


def test_a_conditional_update_holds_the_version_unless_told_otherwise(row):
    VersionedRow("b", count=1).save()
    stale, current = VersionedRow.get("b"), VersionedRow.get("b")
    current.update([VersionedRow.count.set(2)])
    actions, condition = [VersionedRow.count.add(1)], VersionedRow.count == 2

    assert not dynamodb.update_if(stale, actions, condition)
    assert dynamodb.update_if(stale, actions, condition, add_version_condition=False)
    assert (stale.count, stale.version) == (3, 3)


def test_a_write_that_fails_for_another_reason_raises(row):
    Row.delete_table()
    with pytest.raises(UpdateError):
        dynamodb.update_if(row, [Row.count.add(1)], Row.key.exists())
    with pytest.raises(PutError):
        dynamodb.save_if(Row("a"), Row.key.does_not_exist())
    with pytest.raises(DeleteError):
        dynamodb.delete_if(row, Row.key.exists())
