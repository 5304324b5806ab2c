"""Every way into the service: routes, saga steps, and consumers of its queues."""

from collections.abc import Callable
from typing import Any

import msgspec
from chalice.app import SQSEvent

from chalicelib.card_limits.errors import TooManyDeclines
from chalicelib.checkout.errors import (
    ORDER_SERVICE_ERRORS,
    AddressNotFound,
    CartEmpty,
    OrderNotFound,
    OrderServiceUnavailable,
)
from chalicelib.checkout.schemas import CheckoutAccepted, CheckoutRequest, CheckoutStatus
from chalicelib.discrepancies.tickets import DiscrepancyTicket
from chalicelib.notifications.schemas import NotificationRequest, NotificationResult
from chalicelib.payments.errors import (
    GatewayNotConfigured,
    GatewayUnavailable,
    GatewayUnknown,
    InvalidSignature,
    PaymentContended,
    PaymentDeclined,
    PaymentInProgress,
    PaymentMethodFixed,
    PaymentRejected,
    TooManyAttempts,
)
from chalicelib.payments.schemas import (
    AwaitPayment,
    AwaitResult,
    Charge,
    PaymentResult,
    VoidPayment,
    VoidResult,
    WebhookReceived,
)
from chalicelib.reconciliation.schemas import ReconcileRequest, Report
from chalicelib.team_notifications.schemas import (
    DigestRequest,
    DigestResult,
    ListedNotification,
    PublishedNotification,
    TeamNotificationsQuery,
)
from common import events, ids, lazy_imports, queues, step_input
from common.api import Api, Request
from common.pages import InvalidCursor, Page
from common.roles import Scope
from common.routes import Access, Function

with lazy_imports.until_first_use():
    from chalicelib.audit import service as audit
    from chalicelib.checkout import service as checkout
    from chalicelib.checkout import status
    from chalicelib.notifications import parcels
    from chalicelib.notifications import service as notifications
    from chalicelib.payments import cancellation, refunds, retry_queue, saga_resume, webhooks
    from chalicelib.payments import service as payments
    from chalicelib.payments.gateways import registry
    from chalicelib.reconciliation import service as reconciliation
    from chalicelib.stock_compensation import service as stock_compensation
    from chalicelib.team_notifications import digest
    from chalicelib.team_notifications import service as team_notifications

api = Api("checkout-orchestrator")
app, authorizer = api.app, api.authorizer

_GATEWAY = [PaymentRejected, GatewayNotConfigured, GatewayUnavailable]


@api.post(
    "/checkout",
    summary="Check out the cart, or pay an order",
    description="Without an `Idempotency-Key` the same cart is the same order, until that fails. "
    "With `orderId` the key is not looked at: the same payment method again changes nothing.",
    body=CheckoutRequest,
    returns=CheckoutAccepted,
    status=202,
    errors=[
        *ORDER_SERVICE_ERRORS.values(),
        *_GATEWAY,
        ids.InvalidId,
        AddressNotFound,
        CartEmpty,
        OrderNotFound,
        OrderServiceUnavailable,
        PaymentDeclined,
        PaymentInProgress,
        PaymentMethodFixed,
        PaymentContended,
        TooManyAttempts,
        TooManyDeclines,
        GatewayUnknown,
    ],
    idempotency_key=True,
)
def check_out(request: Request[CheckoutRequest]) -> CheckoutAccepted:
    return checkout.check_out(request.caller, request.body, request.idempotency_key, request.source)


@api.get(
    "/checkout/{order_id}",
    summary="Read how far a checkout is, and what the customer does next",
    returns=CheckoutStatus,
    on_behalf=Scope.ORDERS_READ,
    errors=[OrderNotFound],
    operation_id="getCheckoutStatus",
)
def get_checkout(request: Request[None], order_id: str) -> CheckoutStatus:
    return status.get_status(request.caller, order_id)


@api.post(
    "/checkout/webhooks/stripe",
    access=Access.PUBLIC,
    summary="Receive an event from Stripe",
    description="The header `Stripe-Signature` authenticates it.",
    returns=WebhookReceived,
    errors=[InvalidSignature, *_GATEWAY],
)
def stripe_webhook(request: Request[None]) -> WebhookReceived:
    return _receive_webhook("stripe", request)


@api.post(
    "/checkout/webhooks/razorpay",
    access=Access.PUBLIC,
    summary="Receive an event from Razorpay",
    description="The header `X-Razorpay-Signature` authenticates it.",
    returns=WebhookReceived,
    errors=[InvalidSignature, *_GATEWAY],
)
def razorpay_webhook(request: Request[None]) -> WebhookReceived:
    return _receive_webhook("razorpay", request)


@api.get(
    "/notifications",
    scope=Scope.ORDERS_READ,
    summary="List what the team was notified of, newest first",
    description="`inventory`: orders to pick, orders that are not to be shipped any more, and"
    " products that are nearly sold out. `admin`: orders that were paid or failed, and disputes."
    " Kept for 90 days.",
    query=TeamNotificationsQuery,
    returns=Page[ListedNotification],
    errors=[InvalidCursor],
    operation_id="listTeamNotifications",
)
def list_notifications(
    request: Request[TeamNotificationsQuery],
) -> Page[ListedNotification]:
    return team_notifications.list_notifications(request.query)


@api.function("process-payment", takes=Charge, returns=PaymentResult)
def process_payment(charge: Charge) -> PaymentResult:
    """Saga step ProcessPayment, undone by refund-payment."""
    return saga_resume.step_result(payments.process_payment(charge))


@api.function("refund-payment", takes=VoidPayment, returns=VoidResult)
def refund_payment(step: VoidPayment) -> VoidResult:
    """Saga step RefundPayment: voids a payment in any state, also before it began."""
    return saga_resume.void_result(cancellation.void_payment(step.order_id, step.reason))


@api.function("await-payment", takes=AwaitPayment, returns=AwaitResult)
def await_payment(step: AwaitPayment) -> AwaitResult:
    """Saga step AwaitPayment: has the saga resumed once the customer has paid."""
    return saga_resume.await_payment(step)


@api.function("send-notification", takes=NotificationRequest, returns=NotificationResult)
def send_notification(step: NotificationRequest) -> NotificationResult:
    """Saga step SendNotification, which nothing undoes."""
    notification = notifications.send_notification(step)
    return NotificationResult(notification.notification_id, notification.status)


@app.on_sqs_message(queue="order-created-queue", batch_size=10, name="on-order-created")
def on_order_created(event: SQSEvent) -> None:
    """Start the saga of an order that was created."""
    queues.consume(
        event, lambda message: checkout.start_saga(events.parse(events.OrderCreated, message))
    )


@app.on_sqs_message(queue="order-cancelled-queue", batch_size=1, name="on-order-cancelled")
def on_order_cancelled(event: SQSEvent) -> None:
    """Void the payment of a cancelled order, and resume its saga."""
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
    """Refund what was requested, and restock it."""
    queues.consume(event, refunds.process_message)


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
    """Send what the topic, a saga's step or StockLow asks for."""
    queues.consume(event, notifications.process_message)


@app.on_sqs_message(queue="admin-notification-queue", batch_size=10, name="on-admin-notification")
def on_admin_notification(event: SQSEvent) -> None:
    """Store what the admins are notified of."""
    _store_notifications(event)


@app.on_sqs_message(
    queue="inventory-notification-queue", batch_size=10, name="on-inventory-notification"
)
def on_inventory_notification(event: SQSEvent) -> None:
    """Store what the warehouse is notified of."""
    _store_notifications(event)


@api.function("send-digest", takes=DigestRequest, returns=DigestResult)
def send_digest(request: DigestRequest) -> DigestResult:
    """Mail the team what happened, on the schedule in merge.json or by hand."""
    return digest.mail_digest(request.day)


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


@app.on_sqs_message(queue="order-shipped-queue", batch_size=5, name="on-order-shipped")
def on_order_shipped(event: SQSEvent) -> None:
    """Mail what was shipped or returned of an order, and that it goes elsewhere."""
    queues.consume(event, parcels.process_message)


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
    """Reconcile tables and gateways, on the schedule in merge.json or by hand."""
    request = step_input.parse(ReconcileRequest, event)
    return msgspec.to_builtins(reconciliation.reconcile(request, _deadline(context)))


api.functions.append(Function("reconcile", ReconcileRequest, Report))  # it needs the context


@app.on_sqs_message(queue="discrepancy-queue", batch_size=1, name="on-discrepancy")
def on_discrepancy(event: SQSEvent) -> None:
    """Check again a discrepancy that was escalated."""
    queues.consume(
        event,
        lambda message: reconciliation.recheck(step_input.parse(DiscrepancyTicket, message)),
    )


def _store_notifications(event: SQSEvent) -> None:
    queues.consume(
        event,
        lambda message: team_notifications.store(step_input.parse(PublishedNotification, message)),
    )


def _receive_webhook(gateway: str, request: Request[None]) -> WebhookReceived:
    """Verify and store the webhook, and answer: a queue's consumer processes it."""
    webhook = registry.get_gateway(gateway).read_webhook(request.raw_body, request.headers)
    webhooks.receive(webhook)
    return WebhookReceived(received=True)


def _deadline(context: Any) -> Callable[[], bool]:
    """Whether there is time to start more: the last tenth is for what is running."""
    spare = context.get_remaining_time_in_millis() / 10
    return lambda: bool(context.get_remaining_time_in_millis() > spare)
