"""Every way into checkout-orchestrator: routes, saga steps, and consumers of its queues."""

from collections.abc import Callable
from typing import Any

from chalice.app import SQSEvent

from chalicelib.checkout.schemas import CheckoutRequest, CheckoutStatus
from chalicelib.discrepancies.tickets import DiscrepancyTicket
from chalicelib.notifications.schemas import NotificationRequest
from chalicelib.payments.schemas import AwaitPayment, Charge, VoidPayment
from chalicelib.reconciliation.schemas import ReconcileRequest, to_plain
from common import auth, events, http, lazy_imports, queues, step_input

with lazy_imports.until_first_use():
    from chalicelib.audit import service as audit
    from chalicelib.checkout import service as checkout
    from chalicelib.checkout import status
    from chalicelib.notifications import service as notifications
    from chalicelib.payments import cancellation, refunds, retry_queue, saga_resume, webhooks
    from chalicelib.payments import service as payments
    from chalicelib.payments.gateways import registry
    from chalicelib.reconciliation import service as reconciliation
    from chalicelib.stock_compensation import service as stock_compensation

app = http.create_app("checkout-orchestrator")
authorizer = auth.jwt_authorizer(app)

Result = dict[str, Any]


@app.route("/checkout", methods=["POST"], authorizer=authorizer)
def check_out() -> Any:
    """Buy what is in the cart, or pay an order."""
    return http.accepted(
        checkout.check_out(
            auth.caller(app), http.body(app, CheckoutRequest), http.idempotency_key(app)
        )
    )


@app.route("/checkout/{order_id}", methods=["GET"], authorizer=authorizer)
def get_checkout(order_id: str) -> CheckoutStatus:
    """Read how far a checkout is, and what the customer has to do next."""
    return status.get_status(auth.caller(app), order_id)


@app.route("/checkout/webhooks/stripe", methods=["POST"])
def stripe_webhook() -> Any:
    """Receive Stripe's webhook. Public: its signature authenticates it."""
    return _receive_webhook("stripe")


@app.route("/checkout/webhooks/razorpay", methods=["POST"])
def razorpay_webhook() -> Any:
    """Receive Razorpay's webhook. Public: its signature authenticates it."""
    return _receive_webhook("razorpay")


@app.lambda_function(name="process-payment")
def process_payment(event: Any, context: Any) -> Result:
    """Saga step ProcessPayment, undone by refund-payment."""
    return saga_resume.step_result(payments.process_payment(step_input.parse(Charge, event)))


@app.lambda_function(name="refund-payment")
def refund_payment(event: Any, context: Any) -> Result:
    """Saga step RefundPayment: voids a payment in any state, also before it began."""
    request = step_input.parse(VoidPayment, event)
    return saga_resume.void_result(cancellation.void_payment(request.order_id, request.reason))


@app.lambda_function(name="await-payment")
def await_payment(event: Any, context: Any) -> Result:
    """Saga step AwaitPayment: has the saga resumed once the customer has paid."""
    return {"status": saga_resume.await_payment(step_input.parse(AwaitPayment, event))}


@app.lambda_function(name="send-notification")
def send_notification(event: Any, context: Any) -> Result:
    """Saga step SendNotification; nothing undoes it."""
    sent = notifications.send_notification(step_input.parse(NotificationRequest, event))
    return {"notificationId": sent.notification_id, "status": sent.status}


@app.on_sqs_message(queue="order-created-queue", batch_size=10, name="on-order-created")
def on_order_created(event: SQSEvent) -> None:
    """Start the saga of an order that was created."""
    queues.consume(
        event, lambda message: checkout.start_saga(events.parse(events.OrderCreated, message))
    )


@app.on_sqs_message(queue="order-cancelled-queue", batch_size=1, name="on-order-cancelled")
def on_order_cancelled(event: SQSEvent) -> None:
    """Void the payment of an order that its customer cancelled, and resume its saga."""
    queues.consume(
        event,
        lambda message: cancellation.cancel_payment(
            events.parse(events.OrderCancelled, message).order_id
        ),
    )


@app.on_sqs_message(queue="payment-webhook-queue", batch_size=1, name="on-payment-webhook")
def on_payment_webhook(event: SQSEvent) -> None:
    """Process a gateway's webhook."""
    queues.consume(event, webhooks.process)


@app.on_sqs_message(queue="refund-requested-queue", batch_size=1, name="on-refund-requested")
def on_refund_requested(event: SQSEvent) -> None:
    """Refund returned goods, and restock them."""
    queues.consume(
        event, lambda message: refunds.process_refund(events.parse(events.RefundRequested, message))
    )


@app.on_sqs_message(queue="payment-retry-queue", batch_size=1, name="on-payment-retry")
def on_payment_retry(event: SQSEvent) -> None:
    """Retry a charge or a refund."""
    queues.consume(event, retry_queue.process_message)


@app.on_sqs_message(queue="inventory-update-queue", batch_size=5, name="on-inventory-update")
def on_inventory_update(event: SQSEvent) -> None:
    """Release or commit stock, after a payment or after a step that failed."""
    queues.consume(event, stock_compensation.process_message)


@app.on_sqs_message(queue="notification-queue", batch_size=5, name="on-notification")
def on_notification(event: SQSEvent) -> None:
    """Send a notification from the topic, or of a saga whose own step failed."""
    queues.consume(
        event,
        lambda message: notifications.send_notification(
            step_input.parse(NotificationRequest, message)
        ),
    )


@app.on_sqs_message(
    queue="account-deleted-notification-queue", batch_size=5, name="on-account-deleted"
)
def on_account_deleted(event: SQSEvent) -> None:
    """Erase the texts to a customer who deleted the account."""
    queues.consume(
        event,
        lambda message: notifications.erase_texts(
            events.parse(events.AccountDeleted, message).user_id
        ),
    )


@app.on_sqs_message(queue="order-done-receipt-queue", batch_size=5, name="on-order-done-receipt")
def on_order_done_receipt(event: SQSEvent) -> None:
    """Mail the receipt of a finished order."""
    queues.consume(
        event, lambda message: notifications.send_receipt(events.parse(events.OrderDone, message))
    )


@app.on_sqs_message(queue="order-done-audit-queue", batch_size=10, name="on-order-done-audit")
def on_order_done_audit(event: SQSEvent) -> None:
    """Record for the reconciliation what left the stock."""
    queues.consume(
        event, lambda message: audit.record_sale(events.parse(events.OrderDone, message))
    )


@app.on_sqs_message(queue="unpublished-events-queue", batch_size=10, name="on-unpublished-event")
def on_unpublished_event(event: SQSEvent) -> None:
    """Publish an event that a saga could not."""
    queues.consume(event, checkout.publish_late)


@app.lambda_function(name="reconcile")
def reconcile(event: Any, context: Any) -> Any:
    """Check all tables and gateways against each other, on the schedule in merge.json or by hand."""
    request = step_input.parse(ReconcileRequest, event)
    return to_plain(reconciliation.reconcile(request, _deadline(context)))


@app.on_sqs_message(queue="discrepancy-queue", batch_size=1, name="on-discrepancy")
def on_discrepancy(event: SQSEvent) -> None:
    """Check again a discrepancy that was escalated."""
    queues.consume(
        event,
        lambda message: reconciliation.recheck(step_input.parse(DiscrepancyTicket, message)),
    )


def _receive_webhook(gateway: str) -> dict[str, bool]:
    """Verify and store the webhook, and answer; a queue's consumer processes it."""
    request = app.current_request
    assert request is not None, "only a route has a request"
    webhook = registry.get_gateway(gateway).read_webhook(request.raw_body, request.headers)
    webhooks.receive(webhook)
    return {"received": True}


def _deadline(context: Any) -> Callable[[], bool]:
    """Whether there is time to start more: the last tenth is for what is running."""
    spare = context.get_remaining_time_in_millis() / 10
    return lambda: bool(context.get_remaining_time_in_millis() > spare)
