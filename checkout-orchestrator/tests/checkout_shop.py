"""The shop as the tests see it: who put what into tables, and what became of it."""

import json
import time
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from tests.lambda_fakes import LambdaError, LambdaFakes, TaskTokenFake

from chalicelib.payments.gateways import stripe as stripe_adapter
from chalicelib.payments.gateways.registry import get_gateway
from common import aws, clock, queues
from devcloud.stripe import FakeStripe, intents
from devcloud.stripe.errors import StripeError
from devcloud.stripe.webhooks import signature
from testkit import resources
from testkit.tokens import JIMMY

BOWL = "PROD#01BOWL"
VALIDATE = "order-service-local-validate-order"
FAIL = "order-service-local-fail-order"
RELEASE = "product-service-local-release-inventory"
ORDER = "ORDER#01JA0000000000000000000001"
PAYMENT = "PAY#01JA0000000000000000000001"


class CheckoutShop:
    """Around the orchestrator."""

    def __init__(
        self,
        stripe: FakeStripe,
        lambda_fakes: LambdaFakes,
        task_tokens: TaskTokenFake,
        machine: str,
        api: Any,
    ) -> None:
        self.stripe, self.lambda_fakes, self.task_tokens, self.machine, self.api = (
            stripe,
            lambda_fakes,
            task_tokens,
            machine,
            api,
        )
        lambda_fakes.answers[VALIDATE] = self.validate
        lambda_fakes.answers[FAIL] = self.fail
        lambda_fakes.answers[RELEASE] = lambda step: {**step, "status": "RELEASED"}

    def validate(self, step: dict[str, Any]) -> dict[str, Any]:
        """As order-service does: a price of 12.99, and the order stored once."""
        order = self.order(step["orderId"])
        if order and order.get("requestHash") != step.get("requestHash"):
            raise LambdaError("IdempotencyKeyReused")
        if not order:
            known = {
                name: step[name]
                for name in ("paymentMethod", "method", "requestHash", "correlationId")
                if name in step
            }
            if "guestEmail" in step:
                token = f"token-{step['orderId']}"
                known |= {"guestEmail": step["guestEmail"], "orderToken": token}
            self.add_order(step["orderId"], step["userId"], step["items"], **known)
            self.remember_order(step["orderId"])
        return {"orderId": step["orderId"], "status": "CREATED"}

    def fail(self, step: dict[str, Any]) -> dict[str, Any]:
        """As order-service does: an order that ended already stays as it is."""
        order_id = step["orderId"]
        if self.order(order_id).get("status") == "CREATED":
            self.set_order_status(order_id, step["status"], reason=step["reason"])
        return {"orderId": order_id, "status": self.order(order_id).get("status", step["status"])}

    def add_order(
        self,
        order_id: str = ORDER,
        user_id: str = JIMMY,
        items: Any = None,
        status: str = "CREATED",
        **more: Any,
    ) -> str:
        """Store an order, of two bowls by default."""
        lines = items or [{"productId": BOWL, "qty": 2}]
        rows = [
            {
                **line,
                "name": "Protein Bowl",
                "priceMinor": 1299,
                "lineTotalMinor": 1299 * line["qty"],
            }
            for line in lines
        ]
        order = {
            "orderId": order_id,
            "userId": user_id,
            "status": status,
            "items": rows,
            "totalMinor": sum(row["lineTotalMinor"] for row in rows),
            "currency": "USD",
            "method": "CARD",
            "correlationId": "cor-1",
            "createdAt": clock.now(),
        }
        _table("Orders").put_item(Item={**order, **more})
        return order_id

    def remember_order(self, order_id: str, from_cart: bool = True) -> None:
        """Add the order to its customer's recent ones, as order-service does."""
        order, table = self.order(order_id), _table("CustomerOrders")
        known = table.get_item(Key={"userId": order["userId"]}).get("Item", {"recent": []})
        items = [{"productId": row["productId"], "qty": row["qty"]} for row in order["items"]]
        entry = {"orderId": order_id, "fromCart": from_cart, "items": items}
        recent = [*known["recent"], {**entry, "placedAt": order["createdAt"]}]
        table.put_item(Item={"userId": order["userId"], "recent": recent})

    def end_offer(self, order_id: str = ORDER) -> None:
        """The time to pay the order has gone by."""
        past = {"payBy": clock.iso(clock.epoch() - 1)}
        _table("Orders").put_item(Item={**self.order(order_id), **past})
        if payment := self.payment(f"PAY#{order_id.split('#')[1]}"):
            _table("Payments").put_item(Item={**payment, **past})

    def order(self, order_id: str) -> dict[str, Any]:
        return _table("Orders").get_item(Key={"orderId": order_id}).get("Item", {})

    def set_order_status(self, order_id: str, status: str, **more: Any) -> None:
        _table("Orders").put_item(Item={**self.order(order_id), "status": status, **more})

    def fill_cart(
        self, user_id: str = JIMMY, updated_at: str = "2025-10-13T14:00:00.000Z", **quantities: int
    ) -> None:
        for product_id, qty in (quantities or {BOWL: 2}).items():
            row = {
                "userId": user_id,
                "productId": product_id,
                "qty": qty,
                "addedAt": updated_at,
                "updatedAt": updated_at,
            }
            _table("Carts").put_item(Item=row)

    def clear_cart_of(self, order_id: str, user_id: str = JIMMY, **left: int) -> None:
        """ClearCart has taken out what the order bought, and this is left."""
        _table("Carts").put_item(Item={"userId": user_id, "productId": f"KEY#{order_id}"})
        self.clear_cart(user_id)
        if left:
            self.fill_cart(user_id, "2099-01-01T00:00:00.000Z", **left)

    def clear_cart(self, user_id: str = JIMMY, product_id: str = BOWL) -> None:
        _table("Carts").delete_item(Key={"userId": user_id, "productId": product_id})

    def add_customer(
        self,
        user_id: str,
        email: str | None,
        name: str,
        phone: str | None = None,
        is_proved: bool = True,
    ) -> None:
        row = {"userId": user_id, "email": email, "name": name, "phone": phone}
        if is_proved:
            row["emailVerifiedAt"] = "2026-01-01T00:00:00.000Z"
        _table("Users").put_item(Item={key: value for key, value in row.items() if value})

    def delete_customer(self, user_id: str) -> None:
        """The customer deletes the account, and user-service erases it."""
        users = _table("Users")
        users.delete_item(Key={"userId": user_id})
        users.put_item(
            Item={
                "userId": f"DELETED#{user_id.split('#')[1]}",
                "deletedAt": "2026-01-01T00:00:00.000Z",
            }
        )

    def payment(self, payment_id: str = PAYMENT) -> dict[str, Any]:
        return _table("Payments").get_item(Key={"paymentId": payment_id}).get("Item", {})

    def notifications(self) -> list[dict[str, Any]]:
        return _table("Notifications").scan()["Items"]

    def audited(self) -> list[dict[str, Any]]:
        return _table("InventoryAudit").scan()["Items"]

    def executions(self) -> list[dict[str, Any]]:
        """The sagas that were started: name and input."""
        client = aws.client("stepfunctions")
        executions = client.list_executions(stateMachineArn=self.machine)["executions"]
        inputs = [
            json.loads(client.describe_execution(executionArn=one["executionArn"])["input"])
            for one in executions
        ]
        return [
            {"name": one["name"], **begun} for one, begun in zip(executions, inputs, strict=True)
        ]

    def charged(self) -> tuple[int, int]:
        """Sum what the gateway captured and refunded, in minor units."""
        intents = self.stripe.store.list_all("payment_intent")
        return (
            sum(intent["amount_received"] for intent in intents),
            sum(self.stripe.refunded_amount(intent["id"]) for intent in intents),
        )

    def expire_idempotency_keys(self) -> None:
        """Let the gateway forget its keys, as it does after a day."""
        self.stripe.forget_keys()

    def break_gateway(self, act: str) -> None:
        """Break one of the gateway's verbs, and no other."""

        def broken(*_: Any) -> Any:
            raise StripeError(503, "api_error", "The gateway is down.")

        setattr(self.stripe, f"{act}_intent", broken)

    def restore_gateway(self) -> None:
        """Mend what `break_gateway` broke."""
        for name in [name for name in vars(self.stripe) if name.endswith("_intent")]:
            delattr(self.stripe, name)

    def store_failed_key(self, key: str) -> None:
        """That it failed with a 500 at this idempotency key: it will answer so again."""
        kept = {
            "fingerprint": "any",
            "status": 500,
            "body": {"error": {"type": "api_error"}},
            "at": time.time(),
        }
        self.stripe.store.put("idempotency", key, kept)

    def intents(self) -> list[dict[str, Any]]:
        return self.stripe.store.list_all("payment_intent")

    def charge(
        self, order_id: str = ORDER, payment_method: str | None = "pm_card_visa", **more: Any
    ) -> Any:
        """Saga step ProcessPayment, as the state machine calls it."""
        step = {
            "orderId": order_id,
            "userId": JIMMY,
            "amount": 25.98,
            "currency": "USD",
            "method": "CARD",
        }
        return self.api.invoke("process-payment", {**step, "paymentMethod": payment_method, **more})

    def refund(self, order_id: str = ORDER) -> Any:
        return self.api.invoke(
            "refund-payment", {"orderId": order_id, "reason": "the checkout failed"}
        )

    def await_payment(self, token: str = "token-1", order_id: str = ORDER) -> None:
        """Saga step AwaitPayment."""
        self.api.invoke("await-payment", {"taskToken": token, "orderId": order_id})

    def complete_challenge(self, verdict: str) -> None:
        """At the bank's page: approve or refuse."""
        (intent,) = self.intents()
        self.stripe.change(
            intent["id"], intents.approved if verdict == "approve" else intents.refused
        )

    def deliver_webhooks(self, *kinds: str) -> list[int]:
        """Deliver the gateway's webhooks of these kinds, or all, and process them."""
        events = reversed(self.stripe.store.list_all("event"))
        statuses = [
            self.deliver_webhook(event) for event in events if not kinds or event["type"] in kinds
        ]
        self.consume("payment-webhook-queue", "on-payment-webhook")
        return statuses

    def consume(self, queue: str, consumer: str) -> int:
        """Have the consumer process its queue, and count the messages that stay."""
        sqs, url, stuck = aws.client("sqs"), queues.url(queue), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                try:
                    self.api.sqs(consumer, [message["Body"]])
                except queues.BatchPartlyFailed:
                    stuck.append(message)
                else:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        for message in stuck:
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return len(stuck)

    def deliver_webhook(self, event: dict[str, Any], secret: str = "whsec_test") -> int:
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signature(body, secret)}
        return int(self.api.post("/checkout/webhooks/stripe", body, headers=headers).status_code)

    def rotate_api_key(self, key: str) -> None:
        secret = {"apiKey": key, "webhookSecret": "whsec_test"}
        aws.client("secretsmanager").put_secret_value(
            SecretId=stripe_adapter.SECRET, SecretString=json.dumps(secret)
        )
        get_gateway("stripe").forget_keys()

    def delayed(self, queue: str) -> int:
        """How many messages come later."""
        sqs = aws.client("sqs")
        response = sqs.get_queue_attributes(
            QueueUrl=queues.url(queue), AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )
        return int(response["Attributes"]["ApproximateNumberOfMessagesDelayed"])

    def checkout_status(self, token: str, order_id: str = ORDER) -> dict[str, Any]:
        answer = self.api.get(f"/checkout/{quote(order_id, safe='')}", token=token)
        assert answer.status_code == 200, answer.json_body
        return dict(answer.json_body)


def plain(item: Any) -> Any:
    """Numbers of a row as ints."""
    return {key: int(value) if isinstance(value, Decimal) else value for key, value in item.items()}


def _table(name: str) -> Any:
    return resources.table(name)
