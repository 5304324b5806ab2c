import json
from dataclasses import replace

import pytest
from chalice.test import Client

from common import api, aws, events, log, queues, streams
from testkit.events import Bus, waiting
from testkit.service_client import stream_record, through


@pytest.fixture
def consumer(cloud):
    """A service whose consumers fail on "bad", and what they heard."""
    aws.client("sqs").create_queue(QueueName="letters")
    app = api.create_app("shop")
    handled = []

    def handle(word):
        if word == "bad":
            raise ValueError(word)
        handled.append((word, log.correlation_id()))

    @app.on_sqs_message(queue="letters", batch_size=10)
    def on_letter(event):
        queues.consume(event, lambda message: handle(message["word"]))

    @app.on_dynamodb_record(stream_arn=streams.arn("Words"))
    def on_words(event):
        streams.consume(
            event, lambda change: handle(change.new["word"]), on_failure_queue="letters"
        )

    with Client(app) as client:
        client.handled = handled
        yield client


def test_what_can_be_done_of_a_batch_is_done_once_and_the_rest_comes_again(consumer):
    records = through("letters", ['{"word": "a"}', '{"word": "bad"}', "not json", '{"word": "b"}'])

    with pytest.raises(queues.BatchPartlyFailed, match="2 of 4"):
        consumer.lambda_.invoke("on_letter", {"Records": records})

    assert [word for word, _ in consumer.handled] == ["a", "b"]
    left = aws.client("sqs").receive_message(
        QueueUrl=queues.url("letters"), MaxNumberOfMessages=10
    )["Messages"]
    assert sorted(message["Body"] for message in left) == ["not json", '{"word": "bad"}']


def test_a_message_is_handled_under_the_correlation_id_of_what_caused_it(consumer):
    records = through(
        "letters",
        [
            '{"word": "a", "correlationId": "one"}',
            '{"word": "b", "detail": {"correlationId": "two"}}',
        ],
    )

    consumer.lambda_.invoke("on_letter", {"Records": records})

    assert consumer.handled == [("a", "one"), ("b", "two")]


def test_a_parked_record_is_handled_under_its_own_correlation_id(consumer, cloud):
    app = api.create_app("shop")
    handled = []

    @app.on_sqs_message(queue="letters", name="on_parked")
    def on_parked(event):
        queues.consume(event, lambda message: handled.append(log.correlation_id()))

    record = stream_record("Words", None, {"word": "a", "correlationId": "mine"})
    with Client(app) as client:
        client.lambda_.invoke("on_parked", {"Records": through("letters", [json.dumps(record)])})

    assert handled == ["mine"]


def test_a_poison_record_is_parked_and_the_shard_goes_on(consumer, monkeypatch):
    monkeypatch.setattr(streams, "RETRY", replace(streams.RETRY, pause_seconds=0))
    records = [
        stream_record("Words", None, {"word": word, "correlationId": "c"})
        for word in ("a", "bad", "b")
    ]

    consumer.lambda_.invoke("on_words", {"Records": records})

    assert consumer.handled == [("a", "c"), ("b", "c")]
    parked = waiting("letters")
    assert [streams.read(record).new["word"] for record in parked] == ["bad"]


def test_a_record_that_cannot_even_be_parked_stops_the_batch(consumer, monkeypatch):
    monkeypatch.setattr(streams, "RETRY", replace(streams.RETRY, pause_seconds=0))
    aws.client("sqs").delete_queue(QueueUrl=queues.url("letters"))
    queues.url.cache_clear()

    with pytest.raises(Exception, match="NonExistentQueue"):
        consumer.lambda_.invoke(
            "on_words", {"Records": [stream_record("Words", None, {"word": "bad"})]}
        )


@pytest.fixture
def bus(cloud):
    aws.client("events").create_event_bus(Name=events.BUS)
    return Bus.subscribe()


def cancelled(number):
    return events.create(events.OrderCancelled, order_id=f"ORDER#{number}", user_id="USER#1")


def test_an_event_arrives_as_it_was_sent(bus):
    sent = [cancelled(number) for number in range(12)]
    events.publish(*sent)

    read = [
        events.parse(events.OrderCancelled, message) for message in bus.events("OrderCancelled")
    ]
    assert sorted(read, key=lambda event: event.order_id) == sorted(
        sent, key=lambda event: event.order_id
    )


def test_an_event_about_an_order_has_one_id_however_often_it_is_told(cloud):
    assert cancelled(1).event_id == cancelled(1).event_id != cancelled(2).event_id


def test_events_that_the_bus_refuses_are_sent_again_alone(bus, monkeypatch):
    client, failure_counts = aws.client("events"), [2, 1]
    real = client.put_events
    sizes = []

    def put_events(Entries):
        sizes.append(len(Entries))
        refused = failure_counts.pop(0) if failure_counts else 0
        answer = real(Entries=Entries[refused:]) if Entries[refused:] else {"Entries": []}
        return {"Entries": [{"ErrorCode": "ThrottlingException"}] * refused + answer["Entries"]}

    monkeypatch.setattr(client, "put_events", put_events)
    monkeypatch.setattr(events, "RETRY", replace(events.RETRY, pause_seconds=0))
    events.publish(cancelled(1), cancelled(2), cancelled(3))

    assert sizes == [3, 2, 1]
    assert sorted(event["detail"]["orderId"] for event in bus.events()) == [
        "ORDER#1",
        "ORDER#2",
        "ORDER#3",
    ]


def test_events_that_the_bus_keeps_refusing_are_not_lost_in_silence(bus, monkeypatch):
    refuse = {"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "no"}]}
    monkeypatch.setattr(aws.client("events"), "put_events", lambda Entries: refuse)
    monkeypatch.setattr(events, "RETRY", replace(events.RETRY, pause_seconds=0))

    with pytest.raises(events.EventsNotPublished, match="no"):
        events.publish(cancelled(1))


@pytest.mark.parametrize(
    "message",
    [
        {"detail-type": "OrderCreated", "detail": {}},
        {"detail-type": "OrderCancelled", "detail": {"orderId": 1}},
        {"detail-type": "OrderCancelled"},
        {},
    ],
)
def test_a_message_that_is_not_the_event_is_said_not_to_be(message):
    with pytest.raises(events.EventNotUnderstood):
        events.parse(events.OrderCancelled, message)


def test_a_version_that_nobody_here_knows_is_not_guessed_at(cloud):
    message = events.to_message(cancelled(1))
    message["detail"]["version"] = 2

    with pytest.raises(events.EventNotUnderstood, match="version 2"):
        events.parse(events.OrderCancelled, message)
