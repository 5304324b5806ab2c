"""What customers do in the shop, from the first click to the last, however often it stumbles."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import httpx

from devcloud.faults import Faults
from devcloud.shop import Shop
from tests.support.actors import FINAL, PASSWORD, Admin, Customer, ok, until
from tests.support.probe import Sight

_EXPIRE = "product-service-local-expire-reservations"
SCHEDULED = {
    "version": "0",
    "id": "every-minute",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}
CARD, DECLINED, CHALLENGED = (
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_threeDSecure2Required",
)


@dataclass(frozen=True)
class Ended:
    """How a story ended: which order it was about, and what became of it."""

    order_id: str
    status: str


class Shopper:
    """A customer who asks again when the shop stumbles, and a product that nobody else buys."""

    def __init__(self, shop: Shop, faults: Faults, customer: Customer, goods: str) -> None:
        self.shop, self.faults, self.customer, self.goods = shop, faults, customer, goods
        self.sight = Sight(shop)
        self.correlation = f"shopper-{uuid.uuid4().hex}"
        customer.http.headers["X-Correlation-Id"] = self.correlation

    @classmethod
    def arrived(cls, shop: Shop, faults: Faults, admin: Admin) -> Self:
        goods = admin.supply(name="Protein Bowl", price=12.99, description="Food", stock=100_000)
        return cls(shop, faults, Customer.registered(shop.url), goods)

    @property
    def marks(self) -> list[str]:
        """What tells in an event or a request that it is about this customer: nearly all carry the correlation id."""
        return [self.correlation, self.customer.user_id.split("#")[-1], self.goods.split("#")[-1]]

    def companion(self) -> Self:
        """Somebody else, to whom the same goes wrong."""
        other = type(self)(self.shop, self.faults, Customer.registered(self.shop.url), self.goods)
        other.correlation = self.correlation
        other.customer.http.headers["X-Correlation-Id"] = self.correlation
        other.customer.http.auth = None  # 401 may be the answer: of an account that is gone
        return other

    def left_behind(self) -> list[dict[str, Any]]:
        """What the shop still has in this customer's cart, and of what it wrote to them."""
        user_id = self.customer.user_id
        letters = self.sight.kept_in("Notifications", index="by-user", userId=user_id)
        to_customer = [letter for letter in letters if letter["audience"]["S"] == "customer"]
        unerased = [letter for letter in to_customer if letter["message"]["S"] != "(erased)"]
        return [*self.sight.kept_in("Carts", userId=user_id), *unerased]

    def leave(self) -> None:
        self.customer.leave()

    def fill_cart(self, quantity: int = 2, goods: str | None = None) -> None:
        """Have exactly so much in the cart."""
        self.ask("DELETE", "/cart")
        self.ask(
            "POST",
            "/cart",
            {"productId": goods or self.goods, "quantity": quantity},
            uuid.uuid4().hex,
        )

    def check_out(self, payment_method: str | None = CARD, **more: Any) -> httpx.Response:
        body = {
            "method": "CARD",
            **({"paymentMethod": payment_method} if payment_method else {}),
            **more,
        }
        return self.ask("POST", "/checkout", body, uuid.uuid4().hex)

    def buy(self, payment_method: str | None = CARD, quantity: int = 2, **more: Any) -> str:
        self.fill_cart(quantity)
        return ok(self.check_out(payment_method, **more), 202)["orderId"]

    def order(self, quantity: int = 2) -> str:
        body = {"cartItems": [{"productId": self.goods, "qty": quantity}]}
        return ok(self.ask("POST", "/order", body, uuid.uuid4().hex), 201)["orderId"]

    def pay(self, order_id: str, payment_method: str) -> httpx.Response:
        body = {"method": "CARD", "orderId": order_id, "paymentMethod": payment_method}
        return self.ask("POST", "/checkout", body)

    def cancel(self, order_id: str) -> httpx.Response:
        return self.ask("POST", f"/order/{quote(order_id, safe='')}/cancel")

    def give_back(self, order_id: str, quantity: int | None = None) -> None:
        body = {"items": [{"productId": self.goods, "qty": quantity}]} if quantity else {}
        ok(
            self.ask("POST", f"/order/{quote(order_id, safe='')}/refund", body, uuid.uuid4().hex),
            202,
        )

    def progress(self, order_id: str) -> dict[str, Any]:
        return ok(self.ask("GET", f"/checkout/{quote(order_id, safe='')}"))

    def ended(self, order_id: str, among: tuple[str, ...] = FINAL, seconds: float = 180) -> Ended:
        """How the order ended."""
        seen = until(lambda: self.progress(order_id), lambda now: now["status"] in among, seconds)
        return Ended(order_id, seen["status"])

    def challenge(self, order_id: str, seconds: float = 150) -> dict[str, Any] | None:
        """What the customer is asked to do; nothing, if the order ended before."""
        seen = until(
            lambda: self.progress(order_id),
            lambda now: "nextAction" in now or now["status"] in FINAL,
            seconds,
        )
        return seen.get("nextAction")

    def tries_to_pay(self, action: dict[str, Any]) -> httpx.Response:
        """What the gateway says to a customer who agrees, perhaps too late."""
        return httpx.post(self._page(action, "approve"))

    def decide(self, action: dict[str, Any], verdict: str) -> None:
        """At the bank's page, or in Razorpay's checkout."""
        ok(httpx.post(self._page(action, verdict)))

    def _page(self, action: dict[str, Any], verdict: str) -> str:
        if action["type"] == "RAZORPAY_CHECKOUT":
            return f"{self.shop.razorpay_url}/_control/orders/{action['razorpayOrderId']}/{verdict}"
        return (
            f"{self.shop.stripe_url}/_control/payment_intents/{action['paymentIntentId']}/{verdict}"
        )

    def let_reservations_expire(self) -> None:
        """All that is reserved, of everybody, as if its time were over; a sweep that fails is followed by another one.

        Only the sweeper's clock is ahead: orders that are placed meanwhile would be later than what is told of them.
        """
        with self.faults.ahead(1300, _EXPIRE):
            until(lambda: self.sight.calls(_EXPIRE, SCHEDULED), bool, 60)

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        """What a patient client does: it asks again while the shop stumbles, and only then."""
        headers = {"Idempotency-Key": key} if key else {}
        end = time.monotonic() + 90
        while True:
            try:
                answer = self.customer.http.request(method, path, json=body, headers=headers)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
                said = answer.text
            except httpx.TransportError as problem:
                said = repr(problem)
            assert time.monotonic() < end, f"{method} {path} still stumbles: {said}"
            time.sleep(0.2)


Story = Callable[[Shopper], Ended]


def buys_by_card(shopper: Shopper) -> Ended:
    return shopper.ended(shopper.buy())


def is_declined(shopper: Shopper) -> Ended:
    return shopper.ended(shopper.buy(DECLINED))


def agrees_at_the_bank(shopper: Shopper) -> Ended:
    order_id = shopper.buy(CHALLENGED)
    if action := shopper.challenge(order_id):
        shopper.decide(action, "approve")
    return shopper.ended(order_id)


def refuses_at_the_bank(shopper: Shopper) -> Ended:
    order_id = shopper.buy(CHALLENGED)
    if action := shopper.challenge(order_id):
        shopper.decide(action, "refuse")
    return shopper.ended(order_id)


def pays_by_upi(shopper: Shopper) -> Ended:
    order_id = shopper.buy(None, method="UPI")
    if action := shopper.challenge(order_id):
        shopper.decide(action, "approve")
    return shopper.ended(order_id)


def orders_and_pays_later(shopper: Shopper) -> Ended:
    order_id = shopper.order()
    shopper.challenge(order_id)
    shopper.pay(order_id, CARD)
    return shopper.ended(order_id)


def cancels_while_it_waits(shopper: Shopper) -> Ended:
    order_id = shopper.order()
    shopper.challenge(order_id)
    shopper.cancel(order_id)
    return shopper.ended(order_id)


def cancels_at_once(shopper: Shopper) -> Ended:
    order_id = shopper.buy()
    shopper.cancel(order_id)
    return shopper.ended(order_id)


def clicks_twice(shopper: Shopper) -> Ended:
    shopper.fill_cart()
    body, key = {"method": "CARD", "paymentMethod": CARD}, uuid.uuid4().hex
    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(shopper.ask, "POST", "/checkout", body, key) for _ in range(2)]
    orders = {ok(click.result(), 202)["orderId"] for click in clicks}
    assert len(orders) == 1, f"two clicks, two orders: {orders}"
    return shopper.ended(orders.pop())


def gives_one_back(shopper: Shopper) -> Ended:
    order_id = shopper.buy()
    shopper.ended(order_id)
    shopper.give_back(order_id, 1)
    return shopper.ended(order_id, ("PARTLY_REFUNDED", "FAILED"))


def gives_all_back(shopper: Shopper) -> Ended:
    order_id = shopper.buy(None, method="UPI")
    if action := shopper.challenge(order_id):
        shopper.decide(action, "approve")
    shopper.ended(order_id)
    shopper.give_back(order_id)
    return shopper.ended(order_id, ("REFUNDED", "FAILED"))


def is_put_off_by_the_bank(shopper: Shopper) -> Ended:
    """The bank cannot decide at once: the charge waits in payment-retry-queue for a few seconds."""
    ok(httpx.post(f"{shopper.shop.stripe_url}/_control/switches", json={"soft_declines": 1}))
    return shopper.ended(shopper.buy())


def expires_before_it_is_paid(shopper: Shopper) -> Ended:
    """The reservation's 20 minutes are over just before the customer agrees at the bank."""
    order_id = shopper.buy(CHALLENGED)
    action = shopper.challenge(order_id)
    shopper.let_reservations_expire()
    if action:
        shopper.decide(action, "approve")
    return shopper.ended(order_id)


def leaves_work_to_the_queues(shopper: Shopper) -> Ended:
    """What sagas put on queues when a step of theirs keeps failing, of a purchase and of one that failed."""
    bought, failed = buys_by_card(shopper), is_declined(shopper)
    for queue, message in [
        *left_by(shopper, bought.order_id),
        *left_undone_by(failed.order_id, shopper),
    ]:
        shopper.sight.send(queue, message)
    return failed


def left_by(shopper: Shopper, order_id: str) -> list[tuple[str, dict[str, Any]]]:
    """What the saga of a purchase, and the stream of its order, may leave to queues."""
    order, user_id, short = (
        shopper.sight.row("Orders", orderId=order_id),
        shopper.customer.user_id,
        order_id.split("#")[1],
    )
    items = [{"productId": line["productId"], "qty": int(line["qty"])} for line in order["items"]]
    notice = {
        "userId": user_id,
        "type": "EMAIL",
        "orderId": order_id,
        "subject": "Late",
        "message": uuid.uuid4().hex,
    }
    event = {"eventId": f"EVT#{short}", "version": 1, "correlationId": order["correlationId"]}
    event |= {
        "occurredAt": order["updatedAt"],
        "orderId": order_id,
        "userId": user_id,
        "items": items,
    }
    event |= {"totalAmount": 25.98, "currency": "USD", "paymentId": order["paymentId"]}
    done = {"source": "commerce.checkout", "detail-type": "order.done", "detail": event}
    record = {"eventID": uuid.uuid4().hex, "eventName": "INSERT", "dynamodb": {}}
    record |= {
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/parked"
    }
    record["dynamodb"]["NewImage"] = shopper.sight.item("Orders", orderId=order_id) | {
        "status": {"S": "CREATED"}
    }
    return [
        ("notification-queue", notice),
        ("cart-clear-queue", {"orderId": order_id, "userId": user_id, "items": items}),
        ("unpublished-events-queue", done),
        ("inventory-update-queue", {"action": "commit", "orderId": order_id, "items": items}),
        ("announce-orders-queue", record),
    ]


def left_undone_by(order_id: str, shopper: Shopper) -> list[tuple[str, dict[str, Any]]]:
    """What the saga of an order that failed may leave to queues."""
    failure = {
        "orderId": order_id,
        "userId": shopper.customer.user_id,
        "reason": "late",
        "status": "FAILED",
    }
    return [
        ("payment-retry-queue", {"action": "refund", "orderId": order_id, "reason": "late"}),
        ("inventory-update-queue", {"action": "release", "orderId": order_id}),
        ("order-fail-queue", failure),
    ]


def closes_the_account(shopper: Shopper) -> Ended:
    """Somebody buys, fills the cart again, and leaves the shop for good: no cart and no text stays."""
    leaver = shopper.companion()
    try:
        ended = buys_by_card(leaver)
        leaver.fill_cart()
        answer = leaver.ask("DELETE", "/user", {"password": PASSWORD})
        assert answer.status_code in (200, 401), (
            answer.text
        )  # 401: it was deleted, and the answer got lost
        until(leaver.left_behind, lambda left: not left, 120)
        return ended
    finally:
        leaver.leave()


# How each ends as long as at most one thing goes wrong.
USUALLY: dict[Story, set[str]] = {
    buys_by_card: {"CONFIRMED"},
    clicks_twice: {"CONFIRMED"},
    is_declined: {"FAILED"},
    agrees_at_the_bank: {"CONFIRMED"},
    refuses_at_the_bank: {"FAILED"},
    pays_by_upi: {"CONFIRMED"},
    orders_and_pays_later: {"CONFIRMED"},
    cancels_while_it_waits: {"CANCELLED"},
    cancels_at_once: {"CANCELLED", "CONFIRMED"},
    gives_one_back: {"PARTLY_REFUNDED"},
    gives_all_back: {"REFUNDED"},
    expires_before_it_is_paid: {"CONFIRMED"},
    is_put_off_by_the_bank: {"CONFIRMED"},
    leaves_work_to_the_queues: {"FAILED"},
    closes_the_account: {"CONFIRMED"},
}
