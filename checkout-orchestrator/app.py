"""Every way into checkout-orchestrator: routes, saga steps, and the consumers of its queues."""

from collections.abc import Callable
from typing import Any

from chalicelib.checkout.schemas import Checkout
from chalicelib.notifications.schemas import Notice
from chalicelib.payments.schemas import Charge, Refund, Wait
from chalicelib.reconciliation.schemas import Doubt, Wanted, plain
from common import auth, events, http, lazy_imports, queues, step_input

with lazy_imports.until_first_use():
    from chalicelib.audit import service as audit
    from chalicelib.checkout import progress
    from chalicelib.checkout import service as checkout
    from chalicelib.notifications import service as notifications
    from chalicelib.payments import gateway, inbox, refunds, retries, undoing, waiting
    from chalicelib.payments import service as payments
    from chalicelib.reconciliation import service as reconciliation
    from chalicelib.stock import service as stock

app = http.create_app("checkout-orchestrator")
authorizer = auth.jwt_authorizer(app)


@app.route("/checkout", methods=["POST"], authorizer=authorizer)
def check_out() -> Any:
    """Buy what is in the cart, or pay an order."""
    return http.accepted(
        checkout.check_out(auth.caller(app), http.body(app, Checkout), http.idempotency_key(app))
    )


@app.route("/checkout/{order_id}", methods=["GET"], authorizer=authorizer)
def get_checkout(order_id: str) -> Any:
    """How far a checkout is, and what the customer has to do next."""
    return progress.of_order(auth.caller(app), order_id)


@app.route("/checkout/webhooks/stripe", methods=["POST"])
def hear_stripe() -> Any:
    """Stripe's webhook. Public: its signature says who sent it."""
    return taken_from("stripe")


@app.route("/checkout/webhooks/razorpay", methods=["POST"])
def hear_razorpay() -> Any:
    """Razorpay's webhook. Public: its signature says who sent it."""
    return taken_from("razorpay")


@app.lambda_function(name="process-payment")
def process_payment(event: Any, context: Any) -> Any:
    """Saga step ProcessPayment; undone by refund-payment."""
    return waiting.answer(payments.process_payment(step_input.parse(Charge, event)))


@app.lambda_function(name="refund-payment")
def refund_payment(event: Any, context: Any) -> Any:
    """Saga step RefundPayment: undoes ProcessPayment, also one that never began or still goes on."""
    refund = step_input.parse(Refund, event)
    return waiting.undone(undoing.refund_payment(refund.order_id, refund.reason))


@app.lambda_function(name="await-payment")
def await_payment(event: Any, context: Any) -> Any:
    """Saga step AwaitPayment: has the saga woken once the customer has paid."""
    return {"status": waiting.await_payment(step_input.parse(Wait, event))}


@app.lambda_function(name="send-notification")
def send_notification(event: Any, context: Any) -> Any:
    """Saga step SendNotification; what is told stays told."""
    told = notifications.send_notification(step_input.parse(Notice, event))
    return {"notificationId": told.notification_id, "status": told.status}


@app.on_sqs_message(queue="order-created-queue", batch_size=10, name="on-order-created")
def on_order_created(event: Any) -> None:
    """Start the saga of an order that was announced on the bus."""
    queues.consume(
        event, lambda message: checkout.start_saga(events.parse(events.OrderCreated, message))
    )


@app.on_sqs_message(queue="order-cancelled-queue", batch_size=1, name="on-order-cancelled")
def on_order_cancelled(event: Any) -> None:
    """Give up the payment of an order that its customer cancelled, and wake its saga."""
    queues.consume(
        event,
        lambda message: waiting.cancel_payment(
            events.parse(events.OrderCancelled, message).order_id
        ),
    )


@app.on_sqs_message(queue="payment-webhook-queue", batch_size=1, name="on-payment-webhook")
def on_payment_webhook(event: Any) -> None:
    """Do what a gateway's webhook calls for."""
    queues.consume(event, inbox.act)


@app.on_sqs_message(queue="refund-requested-queue", batch_size=1, name="on-refund-requested")
def on_refund_requested(event: Any) -> None:
    """Give back the money of returned goods, and the goods to the stock."""
    queues.consume(
        event, lambda message: refunds.carry_out(events.parse(events.RefundRequested, message))
    )


@app.on_sqs_message(queue="payment-retry-queue", batch_size=1, name="on-payment-retry")
def on_payment_retry(event: Any) -> None:
    """Charge or refund what the gateway could not do before."""
    queues.consume(event, retries.retry)


@app.on_sqs_message(queue="inventory-update-queue", batch_size=5, name="on-inventory-update")
def on_inventory_update(event: Any) -> None:
    """Release or commit stock, after a payment or after a step that failed."""
    queues.consume(event, stock.update)


@app.on_sqs_message(queue="notification-queue", batch_size=5, name="on-notification")
def on_notification(event: Any) -> None:
    """Tell customers what the topic, or a saga whose own step failed, has for them."""
    queues.consume(
        event, lambda message: notifications.send_notification(step_input.parse(Notice, message))
    )


@app.on_sqs_message(
    queue="account-deleted-notification-queue", batch_size=5, name="on-account-deleted"
)
def on_account_deleted(event: Any) -> None:
    """A customer closed the account: erase what the shop wrote to them."""
    queues.consume(
        event,
        lambda message: notifications.forget(events.parse(events.AccountDeleted, message).user_id),
    )


@app.on_sqs_message(queue="order-done-receipt-queue", batch_size=5, name="on-order-done-receipt")
def on_order_done_receipt(event: Any) -> None:
    """Mail the receipt of a finished order."""
    queues.consume(
        event, lambda message: notifications.send_receipt(events.parse(events.OrderDone, message))
    )


@app.on_sqs_message(queue="order-done-audit-queue", batch_size=10, name="on-order-done-audit")
def on_order_done_audit(event: Any) -> None:
    """Note for the daily reconciliation what left the stock."""
    queues.consume(event, lambda message: audit.record(events.parse(events.OrderDone, message)))


@app.on_sqs_message(queue="unpublished-events-queue", batch_size=10, name="on-unpublished-event")
def on_unpublished_event(event: Any) -> None:
    """Put on the bus what a saga could not."""
    queues.consume(event, checkout.publish_late)


@app.lambda_function(name="reconcile")
def reconcile(event: Any, context: Any) -> Any:
    """Hold the books of all sides against each other; run by the schedule in merge.json, or by hand."""
    return plain(
        reconciliation.reconcile(step_input.parse(Wanted, event), nearly_all_time_of(context))
    )


@app.on_sqs_message(queue="discrepancy-queue", batch_size=1, name="on-discrepancy")
def on_discrepancy(event: Any) -> None:
    """Look whether what a person was asked to mend is still wrong."""
    queues.consume(
        event, lambda message: reconciliation.look_again(step_input.parse(Doubt, message))
    )


def taken_from(name: str) -> dict[str, bool]:
    """The answer to a webhook, given as soon as it is known to be genuine and is stored."""
    request = app.current_request
    assert request is not None, "only a route has a request"
    inbox.take(gateway.named(name).read_webhook(request.raw_body, request.headers))
    return {"received": True}


def nearly_all_time_of(context: Any) -> Callable[[], bool]:
    """Whether there is time to begin something: the last tenth is for what was begun, while the gateway may be slow."""
    spare = context.get_remaining_time_in_millis() / 10
    return lambda: bool(context.get_remaining_time_in_millis() > spare)
