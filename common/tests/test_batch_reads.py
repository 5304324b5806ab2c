from collections import Counter

import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import aws, batch_reads, dynamodb
from common.batch_reads import BatchReader, Key
from common.retry import RetryPolicy
from testkit.plugin import moto


class Bowl(Model):
    class Meta(dynamodb.Meta):
        table_name = "Bowls"
        region = "us-east-1"

    key = UnicodeAttribute(hash_key=True, attr_name="bowlId")


class Tombstone(Model):
    class Meta(Bowl.Meta):
        pass

    key = UnicodeAttribute(hash_key=True, attr_name="bowlId")


class Line(Model):
    class Meta(dynamodb.Meta):
        table_name = "Lines"
        region = "us-east-1"

    cart = UnicodeAttribute(hash_key=True)
    bowl = UnicodeAttribute(range_key=True)


@pytest.fixture
def requests(monkeypatch):
    """The tables of each BatchGetItem, with the number of their keys."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "nobody")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    aws.client.cache_clear()
    seen = []

    def note(params, **_):
        assert all(table["ConsistentRead"] for table in params["RequestItems"].values())
        seen.append({name: len(of["Keys"]) for name, of in params["RequestItems"].items()})

    with moto():
        Bowl.create_table(billing_mode="PAY_PER_REQUEST")
        Line.create_table(billing_mode="PAY_PER_REQUEST")
        Bowl("a").save()
        Tombstone("DELETED#b").save()
        Line("jimmy", "a").save()
        event = "provide-client-params.dynamodb.BatchGetItem"
        aws.client("dynamodb").meta.events.register(event, note)
        yield seen
    aws.client.cache_clear()


def test_items_of_several_tables_are_read_with_one_request(requests):
    reader = BatchReader()
    reader.read(Key(Bowl, "a"), Key(Tombstone, "DELETED#b"), Key(Line, "jimmy", "a"))

    assert reader.find(Key(Bowl, "a")).key == "a"
    assert isinstance(reader.find(Key(Tombstone, "DELETED#b")), Tombstone)
    assert reader.find(Key(Line, "jimmy", "a")).bowl == "a"
    assert requests == [{"Bowls": 2, "Lines": 1}]


def test_what_there_is_not_is_not_looked_up_again(requests):
    reader = BatchReader()
    reader.read(Key(Bowl, "c"), Key(Bowl, "c"))

    assert reader.find(Key(Bowl, "c")) is None
    assert len(requests) == 1


def test_items_are_found_in_the_order_of_their_keys(requests):
    keys = [Key(Bowl, name) for name in ("c", "DELETED#b", "a")]

    assert [bowl.key for bowl in BatchReader().find_all(keys)] == ["DELETED#b", "a"]


def test_more_than_a_hundred_keys_are_read_with_more_requests(requests):
    reader = BatchReader()
    reader.read(*(Key(Bowl, str(number)) for number in range(130)), Key(Bowl, "a"))

    assert reader.find(Key(Bowl, "a")) is not None
    assert sum(map(Counter, requests), Counter()) == {"Bowls": 131}
    assert len(requests) == 2


@pytest.fixture
def overload(requests):
    """Lets DynamoDB leave the first keys of these many requests unprocessed."""
    left = [0]

    def process_part(parsed, **_):
        if left[0] > 0:
            left[0] -= 1
            parsed["Responses"] = {}
            parsed["UnprocessedKeys"] = {
                "Bowls": {"Keys": [{"bowlId": {"S": "a"}}], "ConsistentRead": True}
            }

    events = aws.client("dynamodb").meta.events
    events.register("after-call.dynamodb.BatchGetItem", process_part)
    return lambda times: left.__setitem__(0, times)


def test_what_was_left_unprocessed_is_read_again(requests, overload):
    overload(2)

    assert BatchReader().find(Key(Bowl, "a")) is not None
    assert len(requests) == 3


def test_a_read_that_is_never_complete_is_no_answer(overload, monkeypatch):
    monkeypatch.setattr(batch_reads, "_RETRIES", RetryPolicy(tries=3, pause_seconds=0))
    overload(9)

    with pytest.raises(batch_reads.ReadIncomplete):
        BatchReader().find(Key(Bowl, "a"))
