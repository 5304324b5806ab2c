"""An order's story as a reader sees it."""

from datetime import UTC, datetime, timedelta

from devcloud.order_timeline import Moment, Story, of_logs, of_saga

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
    moments = list(of_saga([event("ExecutionStarted"), *state("ProcessPayment", 5, 90)]))

    assert [(moment.at - AT_NOON, moment.what) for moment in moments] == [
        (0, "the execution started"),
        (5, "ProcessPayment (85 ms)"),
    ]


def test_what_went_wrong_is_told_in_the_words_of_the_lambda():
    details = {"error": "PaymentDeclined", "cause": '{"errorMessage": "Your card was declined."}'}
    caught = event("TaskFailed", 7, taskFailedEventDetails=details)
    end = event("ExecutionFailed", 9, executionFailedEventDetails=details)

    troubles = list(of_saga([caught, end]))

    assert all(moment.is_trouble for moment in troubles)
    assert [moment.what for moment in troubles] == [
        "PaymentDeclined: Your card was declined.",
        "the execution ended with PaymentDeclined: Your card was declined.",
    ]


def test_a_log_line_is_told_without_what_is_for_machines():
    line = (
        '{"level": "ERROR", "message": "failed", "timestamp": "2026-11-22 12:00:00,250+0000", "service": "cart-service",'
        ' "xray_trace_id": "1-2", "correlation_id": "C", "error": "OutOfStock"}'
    )

    (moment,) = of_logs(
        [(0, "cart-service clear-cart", line), (0, "cart-service", "Traceback (most recent")]
    )

    assert (moment.at, moment.where, moment.what) == (
        AT_NOON + 250,
        "cart-service clear-cart",
        "failed error=OutOfStock",
    )
    assert moment.is_trouble


def test_the_story_begins_with_what_became_of_the_order_and_its_lines_stand_in_columns():
    moments = [
        Moment(AT_NOON, "saga", "the execution started"),
        Moment(AT_NOON + 1500, "cart-service", "no", True),
    ]
    story = Story("ORDER#1", "FAILED", "12.99 USD", "USER#1", "C", moments)

    assert list(story.lines()) == [
        "ORDER#1 is FAILED: 12.99 USD, USER#1; correlation id C",
        "The times are seconds after 2026-11-22T12:00:00.000Z.",
        "    0.000 s   saga          the execution started",
        "    1.500 s ! cart-service  no",
    ]
