from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.models import Model
from urllib3 import HTTPResponse

from common import aws, dynamodb, transactions
from common.transactions import (
    TransactionCancelled,
    TransactionContended,
    check,
    delete,
    put,
    update,
    write,
)


class StockBucket(Model):
    class Meta:
        table_name = "Shelves"

    bucket_id = UnicodeAttribute(hash_key=True)
    stock = NumberAttribute(default=0)


@pytest.fixture
def buckets(cloud):
    StockBucket.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    for name in ("a", "b", "c"):
        StockBucket(name, stock=1).save()


def test_all_of_it_is_written_or_nothing(buckets):
    write(
        update(StockBucket("a"), [StockBucket.stock.add(1)]),
        delete(StockBucket("b")),
        put(StockBucket("d", stock=4)),
    )
    assert (StockBucket.get("a").stock, StockBucket.count(), StockBucket.get("d").stock) == (
        2,
        3,
        4,
    )

    with pytest.raises(TransactionCancelled):
        write(
            update(StockBucket("a"), [StockBucket.stock.add(1)]),
            put(StockBucket("d"), StockBucket.bucket_id.does_not_exist()),
        )
    assert StockBucket.get("a").stock == 2


def test_what_failed_is_named_by_its_place_in_the_call(buckets):
    """The call's order differs from the one in which PynamoDB sends.

    PynamoDB sends checks, deletes, puts, then updates.
    """
    absent, plenty, there = (
        StockBucket.bucket_id.does_not_exist(),
        StockBucket.stock >= 9,
        StockBucket.bucket_id.exists(),
    )

    with pytest.raises(TransactionCancelled) as cancelled:
        write(
            update(StockBucket("a"), [StockBucket.stock.add(-9)], plenty),
            put(StockBucket("new"), absent),
            put(StockBucket("b"), absent),
            check(StockBucket, "c", condition=there),
        )

    assert cancelled.value.failed == [0, 2]


CONFLICT = (
    b'{"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",'
    b' "message": "ongoing"}'
)


def conflicts(times):
    """Fail this many TransactWriteItems as DynamoDB does on a conflict."""
    answers = [
        {
            "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
            "CancellationReasons": [
                {"Code": "TransactionConflict", "Message": "Transaction is ongoing"}
            ],
        }
    ] * times

    def answer(**_):
        return (SimpleNamespace(status_code=400), answers.pop()) if answers else None

    return answer


@pytest.fixture
def conflict_transactions(buckets, monkeypatch):
    monkeypatch.setattr(transactions, "RETRY", replace(transactions.RETRY, pause_seconds=0.0001))
    events = transactions._connection().client.meta.events
    registered = []

    def start_conflicts(times):
        handler = conflicts(times)
        events.register_first("before-call.dynamodb.TransactWriteItems", handler)
        registered.append(handler)

    yield start_conflicts
    for handler in registered:
        events.unregister("before-call.dynamodb.TransactWriteItems", handler)


@pytest.fixture
def conflict_plain_writes(buckets):
    """Fail this many plain writes as on a conflict, and count those sent."""
    events, sent = StockBucket._get_connection().connection.client.meta.events, []

    def start_conflicts(times):
        conflicts_left = [CONFLICT] * times

        def answer(request, **_):
            sent.append(request)
            if not conflicts_left:
                return None
            request.url = "http://nowhere"  # so that moto, which is asked as well, does not do it
            return AWSResponse(
                request.url,
                400,
                {},
                HTTPResponse(BytesIO(conflicts_left.pop()), preload_content=False),
            )

        events.register_first("before-send.dynamodb", answer, unique_id="in-the-way")
        return sent

    yield start_conflicts
    events.unregister("before-send.dynamodb", unique_id="in-the-way")


@pytest.mark.parametrize(
    "act",
    [
        lambda: StockBucket("a").update(
            actions=[StockBucket.stock.add(1)], condition=StockBucket.stock == 1
        ),
        lambda: StockBucket("a", stock=2).save(),
        lambda: StockBucket("d", stock=2).save(condition=StockBucket.bucket_id.does_not_exist()),
        lambda: StockBucket("a").delete(),
    ],
    ids=["update", "put", "put if new", "delete"],
)
def test_a_plain_write_that_meets_a_transaction_is_tried_again(conflict_plain_writes, act):
    sent = conflict_plain_writes(3)

    act()

    assert len(sent) == 4


def test_a_plain_write_that_always_meets_a_transaction_fails_in_the_end(
    conflict_plain_writes, monkeypatch
):
    monkeypatch.setattr(aws, "_MAX_PAUSE_SECONDS", 0)
    sent = conflict_plain_writes(100)

    with pytest.raises(UpdateError):
        StockBucket("a").update(actions=[StockBucket.stock.add(1)])

    assert 4 < len(sent) < 100


def test_a_conflict_with_another_transaction_is_tried_again(conflict_transactions):
    conflict_transactions(transactions.RETRY.tries - 1)

    write(update(StockBucket("a"), [StockBucket.stock.add(1)]))

    assert StockBucket.get("a").stock == 2


def test_endless_conflicts_end_and_change_nothing(conflict_transactions):
    conflict_transactions(transactions.RETRY.tries)

    with pytest.raises(TransactionContended):
        write(update(StockBucket("a"), [StockBucket.stock.add(1)]))
    assert StockBucket.get("a").stock == 1


def test_a_transaction_that_is_asked_for_again_says_that_it_is_the_same(conflict_transactions):
    tokens = []
    events = transactions._connection().client.meta.events

    def note(params, **_):
        tokens.append(params["ClientRequestToken"])

    events.register("before-parameter-build.dynamodb.TransactWriteItems", note)
    conflict_transactions(2)
    write(update(StockBucket("a"), [StockBucket.stock.add(1)]))
    write(update(StockBucket("b"), [StockBucket.stock.add(1)]))
    events.unregister("before-parameter-build.dynamodb.TransactWriteItems", note)

    assert len(tokens) == 4
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]


def test_a_lost_response_is_not_mistaken_for_a_cancelled_transaction(buckets):
    def lose(**_):
        raise ReadTimeoutError(endpoint_url="dynamodb")

    events = transactions._connection().client.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", lose)
    try:
        with pytest.raises(TransactWriteError) as lost:
            write(update(StockBucket("a"), [StockBucket.stock.add(1)]))
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", lose)

    assert not dynamodb.is_condition_failure(lost.value)
    assert dynamodb.error_code(lost.value) is None
