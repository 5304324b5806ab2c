"""An order's timeline as a reader sees it."""

from datetime import UTC, datetime, timedelta

from devcloud.logs import Entry
from devcloud.order_timeline import Moment, Timeline, log_moments, saga_moments

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT_NOON = int(NOON.timestamp() * 1000)


def event(kind, after=0, **details):
    return {"type": kind, "timestamp": NOON + timedelta(milliseconds=after), **details}


def state(name, begins, ends):
    return [
        event("TaskStateEntered", begins, stateEnteredEventDetails={"name": name}),
        event("TaskStateExited", ends, stateExitedEventDetails={"name": name}),
    ]


def test_a_state_stands_where_it_began_with_what_it_took():
    moments = list(saga_moments([event("ExecutionStarted"), *state("ProcessPayment", 5, 90)]))

    assert [(moment.at - AT_NOON, moment.what) for moment in moments] == [
        (0, "the execution started"),
        (5, "ProcessPayment (85 ms)"),
    ]


def test_an_error_is_shown_with_the_message_of_the_lambda():
    details = {"error": "PaymentDeclined", "cause": '{"errorMessage": "Your card was declined."}'}
    caught = event("TaskFailed", 7, taskFailedEventDetails=details)
    end = event("ExecutionFailed", 9, executionFailedEventDetails=details)

    errors = list(saga_moments([caught, end]))

    assert all(moment.is_error for moment in errors)
    assert [moment.what for moment in errors] == [
        "PaymentDeclined: Your card was declined.",
        "the execution ended with PaymentDeclined: Your card was declined.",
    ]


def test_a_log_line_is_shown_without_fields_for_machines():
    line = (
        '{"level": "ERROR", "message": "failed", "timestamp": "2026-11-22 12:00:00,250+0000", '
        '"service": "cart-service",'
        ' "xray_trace_id": "1-2", "correlation_id": "C", "error": "OutOfStock"}'
    )

    (moment,) = log_moments(
        [
            Entry(0, "cart-service clear-cart", line),
            Entry(0, "cart-service", "Traceback (most recent"),
        ]
    )

    assert (moment.at, moment.where, moment.what) == (
        AT_NOON + 250,
        "cart-service clear-cart",
        "failed error=OutOfStock",
    )
    assert moment.is_error


def test_a_timeline_counts_seconds_from_its_first_moment_and_marks_errors():
    moments = [
        Moment(AT_NOON, "saga", "the execution started"),
        Moment(AT_NOON + 1500, "cart-service", "no", True),
    ]
    timeline = Timeline("ORDER#1", "FAILED", "12.99 USD", "USER#1", "C", moments)

    assert timeline.summary() == "ORDER#1 is FAILED: 12.99 USD, USER#1; correlation id C"
    assert list(timeline.rows()) == [
        ("0.000", " ", "saga", "the execution started"),
        ("1.500", "!", "cart-service", "no"),
    ]
    assert timeline.as_json()["moments"][1] == {
        "at": "2026-11-22T12:00:01.500Z",
        "where": "cart-service",
        "what": "no",
        "isError": True,
    }
