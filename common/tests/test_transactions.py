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


class Shelf(Model):
    class Meta:
        table_name = "Shelves"

    shelf_id = UnicodeAttribute(hash_key=True)
    stock = NumberAttribute(default=0)


@pytest.fixture
def shelves(cloud):
    Shelf.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    for name in ("a", "b", "c"):
        Shelf(name, stock=1).save()


def test_all_of_it_is_written_or_nothing(shelves):
    write(update(Shelf("a"), [Shelf.stock.add(1)]), delete(Shelf("b")), put(Shelf("d", stock=4)))
    assert (Shelf.get("a").stock, Shelf.count(), Shelf.get("d").stock) == (2, 3, 4)

    with pytest.raises(TransactionCancelled):
        write(
            update(Shelf("a"), [Shelf.stock.add(1)]),
            put(Shelf("d"), Shelf.shelf_id.does_not_exist()),
        )
    assert Shelf.get("a").stock == 2


def test_what_failed_is_named_by_its_place_in_the_call(shelves):
    """The call's order differs from the one in which PynamoDB sends.

    PynamoDB sends checks, deletes, puts, then updates.
    """
    absent, plenty, there = (
        Shelf.shelf_id.does_not_exist(),
        Shelf.stock >= 9,
        Shelf.shelf_id.exists(),
    )

    with pytest.raises(TransactionCancelled) as refused:
        write(
            update(Shelf("a"), [Shelf.stock.add(-9)], plenty),
            put(Shelf("new"), absent),
            put(Shelf("b"), absent),
            check(Shelf, "c", condition=there),
        )

    assert refused.value.failed == [0, 2]


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
def disturb(shelves, monkeypatch):
    monkeypatch.setattr(transactions, "RETRY", replace(transactions.RETRY, pause_seconds=0.0001))
    events = transactions._connection().client.meta.events
    registered = []

    def begin(times):
        handler = conflicts(times)
        events.register_first("before-call.dynamodb.TransactWriteItems", handler)
        registered.append(handler)

    yield begin
    for handler in registered:
        events.unregister("before-call.dynamodb.TransactWriteItems", handler)


@pytest.fixture
def in_the_way(shelves):
    """Fail this many plain writes as on a conflict, and count those sent."""
    events, sent = Shelf._get_connection().connection.client.meta.events, []

    def begin(times):
        refusals = [CONFLICT] * times

        def answer(request, **_):
            sent.append(request)
            if not refusals:
                return None
            request.url = "http://nowhere"  # so that moto, which is asked as well, does not do it
            return AWSResponse(
                request.url, 400, {}, HTTPResponse(BytesIO(refusals.pop()), preload_content=False)
            )

        events.register_first("before-send.dynamodb", answer, unique_id="in-the-way")
        return sent

    yield begin
    events.unregister("before-send.dynamodb", unique_id="in-the-way")


@pytest.mark.parametrize(
    "act",
    [
        lambda: Shelf("a").update(actions=[Shelf.stock.add(1)], condition=Shelf.stock == 1),
        lambda: Shelf("a", stock=2).save(),
        lambda: Shelf("d", stock=2).save(condition=Shelf.shelf_id.does_not_exist()),
        lambda: Shelf("a").delete(),
    ],
    ids=["update", "put", "put if new", "delete"],
)
def test_a_plain_write_that_meets_a_transaction_is_tried_again(in_the_way, act):
    sent = in_the_way(3)

    act()

    assert len(sent) == 4


def test_a_plain_write_that_always_meets_a_transaction_fails_in_the_end(in_the_way, monkeypatch):
    monkeypatch.setattr(aws, "_MAX_PAUSE_SECONDS", 0)
    sent = in_the_way(100)

    with pytest.raises(UpdateError):
        Shelf("a").update(actions=[Shelf.stock.add(1)])

    assert 4 < len(sent) < 100


def test_a_conflict_with_another_transaction_is_tried_again(disturb):
    disturb(transactions.RETRY.tries - 1)

    write(update(Shelf("a"), [Shelf.stock.add(1)]))

    assert Shelf.get("a").stock == 2


def test_endless_conflicts_end_and_change_nothing(disturb):
    disturb(transactions.RETRY.tries)

    with pytest.raises(TransactionContended):
        write(update(Shelf("a"), [Shelf.stock.add(1)]))
    assert Shelf.get("a").stock == 1


def test_a_transaction_that_is_asked_for_again_says_that_it_is_the_same(disturb):
    tokens = []
    events = transactions._connection().client.meta.events

    def note(params, **_):
        tokens.append(params["ClientRequestToken"])

    events.register("before-parameter-build.dynamodb.TransactWriteItems", note)
    disturb(2)
    write(update(Shelf("a"), [Shelf.stock.add(1)]))
    write(update(Shelf("b"), [Shelf.stock.add(1)]))
    events.unregister("before-parameter-build.dynamodb.TransactWriteItems", note)

    assert len(tokens) == 4
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]


def test_a_lost_response_is_not_mistaken_for_a_cancelled_transaction(shelves):
    def lose(**_):
        raise ReadTimeoutError(endpoint_url="dynamodb")

    events = transactions._connection().client.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", lose)
    try:
        with pytest.raises(TransactWriteError) as lost:
            write(update(Shelf("a"), [Shelf.stock.add(1)]))
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", lose)

    assert not dynamodb.is_condition_failure(lost.value)
    assert dynamodb.error_code(lost.value) is None
