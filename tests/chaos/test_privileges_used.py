"""What a Lambda may do, it does; and it does nothing else. Here, after all that torments the shop, because all that was done counts."""

import re
import uuid
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from urllib.parse import quote

import httpx
import pytest

from common import ids
from devcloud import reconcile
from tests.chaos.harness import Tormented
from tests.chaos.scenarios import (
    DECLINED,
    USUALLY,
    Story,
    expires_before_it_is_paid,
    is_put_off_by_the_bank,
    leaves_work_to_the_queues,
)
from tests.support.actors import Customer, ok, until
from tests.support.privileges import done_by_aws, grants

_LANES = 6
# These change the shop for everybody in it.
_ALONE: tuple[Story, ...] = (
    is_put_off_by_the_bank,
    expires_before_it_is_paid,
    leaves_work_to_the_queues,
)
Access = tuple[str, str, str]

# What is allowed and not used by all that customers, admins and the shop itself do here: a pattern of "function action resource", and why.
ONLY_IN_TROUBLE: dict[str, str] = {
    "*-on-* sqs:GetQueueUrl *": "a consumer deletes what is done itself, where the rest of the batch failed",
    "analytics-service-local-on-*-stream sqs:* arn:aws:sqs:[*]:[*]:analytics-queue": "a record that cannot be read is parked",
    "analytics-service-local-on-analytics-queue dynamodb:UpdateItem *": "a parked record of an order or a payment is counted late",
    "cart-service-local-*clear-cart dynamodb:UpdateItem *": "more of a product was put in after the order",
    "checkout-orchestrator-local dynamodb:GetItem *GatewayEvents": "a gateway sends its news twice",
    "checkout-orchestrator-local* states:DescribeExecution *": "nobody waits for a payment any more: was the saga stopped from outside?",
    "checkout-orchestrator-local* sqs:* *:payment-retry-queue": "a saga was stopped from outside, and its payment is given back; a charge or a refund waits again",
    "checkout-orchestrator-local states:SendTask* [*]": "the payment ended before its order's customer came to pay",
    "checkout-orchestrator-local-await-payment states:SendTask* [*]": "the payment ended before its saga waited for it",
    "checkout-orchestrator-local-await-payment events:PutEvents *": "likewise, as it was captured",
    "checkout-orchestrator-local-on-payment-webhook sqs:* *:discrepancy-queue": "the customer's bank sent a refund back",
    "checkout-orchestrator-local-*-payment* secretsmanager:GetSecretValue *": "which of the two gateways it is, is told by the payment",
    "checkout-orchestrator-local-on-* secretsmanager:GetSecretValue *": "which of the two gateways it is, is told by the payment",
    "checkout-orchestrator-local-refund-payment dynamodb:PutItem *": "something was charged before the checkout failed",
    "checkout-orchestrator-local-on-payment-retry lambda:InvokeFunction *": "a saga was stopped from outside, and its order fails before its payment is given back",
    "checkout-orchestrator-local-on-payment-retry states:SendTaskFailure [*]": "the bank declined for good, at last",
    "checkout-orchestrator-local-*notification sns:Publish [*]": "the gateway of text messages, and the customers that have a telephone number",
    "checkout-orchestrator-local-on-notification dynamodb:GetItem *Orders": "a notice that waited is about an order",
    "checkout-orchestrator-local-reconcile sqs:*": "the books do not agree: it has them mended, or tells a person",
    "checkout-orchestrator-local-reconcile events:*": "likewise, where an event was not published",
    "checkout-orchestrator-local-reconcile states:StartExecution *": "likewise, where a checkout was never started",
    "checkout-orchestrator-local-reconcile lambda:*": "the time was not enough, and another run goes on",
    "checkout-orchestrator-local-on-discrepancy dynamodb:Scan *": "the doubt is about a product, and all that is reserved of it",
    "user-service-local-on-user-mail dynamodb:GetItem *AccountMails": "a message comes twice, and its mail was sent",
    "user-service-local-on-account-deletion sqs:SendMessage *": "a message is delayed 15 minutes at most, and access tokens are believed for longer; here for two seconds",
    "user-service-local-on-account-deletion dynamodb:DeleteItem *": "a deletion died halfway",
    "order-service-local-*fail-order dynamodb:PutItem *": "an order failed before it was stored",
    "order-service-local-announce-orders sqs:* *": "the bus refused an event, and the record is parked",
    "product-service-local-update-inventory dynamodb:PutItem *": "what expired is taken from stock anew, for an order that was paid meanwhile",
    "product-service-local-update-inventory dynamodb:BatchGetItem *": "there is no longer enough for it",
}


@pytest.fixture(scope="module")
def accesses(tormented: Tormented) -> set[Access]:
    """All that was asked of AWS since the shop began, after every story was told and every route was called."""
    told = tormented.told([story for story in USUALLY if story not in _ALONE], _LANES)
    told += tormented.told(_ALONE, lanes=1)
    tormented.must_hold([ended.order_id for ended in told])
    look_around(tormented)
    tormented.quiet()
    return tormented.faults.accesses() | done_by_aws()


def look_around(tormented: Tormented) -> None:
    """What the stories leave out: the catalogue, the cart, the account, the reports, and the check of the books."""
    customer = Customer.registered(tormented.shop.url)
    goods = tend_the_catalogue(tormented)
    change_the_cart(customer, goods)
    buy_in_vain(tormented, goods)
    tend_the_account(tormented, customer, goods)
    read_reports(tormented, customer)
    check_the_books(tormented)


def tend_the_catalogue(tormented: Tormented) -> str:
    admin = tormented.admin.http
    goods = tormented.supply(stock=5)
    path = f"/product/{quote(goods, safe='')}"
    ok(admin.patch(path, json={"price": 13.49}))
    ok(admin.put(f"{path}/stock", json={"stock": 7}))
    ok(admin.get(path))
    ok(admin.get("/products", params={"category": "none"}))
    ok(admin.get("/products"))
    archived = tormented.supply(stock=1)
    assert admin.delete(f"/product/{quote(archived, safe='')}").is_success
    return goods


def change_the_cart(customer: Customer, goods: str) -> None:
    guest = {
        "X-Guest-Cart": ok(httpx.post(f"{customer.http.base_url}/cart/guest"), 201)["guestCart"]
    }
    for items, cart, headers in (
        ("/cart/guest/items", "/cart/guest", guest),
        ("/cart", "/cart", {}),
    ):
        body, path = {"productId": goods, "quantity": 1}, f"{items}/{quote(goods, safe='')}"
        ok(
            customer.http.post(
                items, json=body, headers={**headers, "Idempotency-Key": uuid.uuid4().hex}
            )
        )
        ok(customer.http.patch(path, json={"quantity": 2}, headers=headers))
        ok(customer.http.get(cart, headers=headers))
        assert customer.http.delete(path, headers=headers).is_success
        ok(customer.http.post(items, json=body, headers=headers))
    ok(customer.http.post("/cart/merge", json={}, headers=guest))
    assert customer.http.delete("/cart").is_success
    ok(customer.http.get("/orders"))


def buy_in_vain(tormented: Tormented, goods: str) -> None:
    """With a card that the bank declines, after which the customer gives up; and what was sold meanwhile to somebody else."""
    (shopper,) = tormented.shoppers(1)
    declined = shopper.order()
    shopper.challenge(declined)
    shopper.pay(declined, DECLINED)
    shopper.cancel(declined)
    assert shopper.ended(declined).status == "CANCELLED"
    too_much = {"orderId": ids.new("ORDER"), "items": [{"productId": goods, "qty": 99}]}
    assert not tormented.sight.calls("product-service-local-check-inventory", too_much)
    assert tormented.sight.calls(
        "product-service-local-release-inventory", {"orderId": too_much["orderId"]}
    )


def tend_the_account(tormented: Tormented, customer: Customer, goods: str) -> None:
    """The customer proves the address, forgets the password, changes it, and leaves the shop for good; somebody wants their address."""
    taken = {"email": customer.email, "password": "test123", "name": "Another"}
    for key in [uuid.uuid4().hex] * 2:
        answer = httpx.post(
            f"{tormented.shop.url}/user/register",
            json=taken,
            headers={"Idempotency-Key": key},
            timeout=40,
        )
        ok(answer, 201)
    http, wrong = customer.http, {"email": customer.email, "password": "not this one"}
    assert http.post("/user/login", json=wrong).status_code == 401
    ok(http.patch("/user/profile", json={"phone": "+14155550123"}))
    ok(http.post("/user/email/verification"), 202)
    ok(
        http.post(
            "/user/email/verify", json={"token": token_mailed(tormented, customer, "email/verify")}
        )
    )
    ok(http.post("/user/password/forgotten", json={"email": customer.email}), 202)
    token = token_mailed(tormented, customer, "password/reset")
    ok(http.post("/user/password/reset", json={"token": token, "newPassword": "forgotten no more"}))
    again = Customer.logged_in(tormented.shop.url, customer.email, "forgotten no more")
    ok(
        again.http.post(
            "/user/password", json={"password": "forgotten no more", "newPassword": "another one"}
        )
    )
    for path in ("/user/profile", "/user/export", "/user/.well-known/jwks.json"):
        ok(again.http.get(path))
    ok(again.http.post("/user/logout", json={}))
    last = Customer.logged_in(tormented.shop.url, customer.email, "another one")
    last.put_in_cart(goods)
    assert last.http.request("DELETE", "/user", json={"password": "another one"}).is_success
    until(lambda: tormented.sight.kept_in("Carts", userId=last.user_id), lambda rows: not rows, 60)
    sight = tormented.sight
    sight.invoke(
        "user-service-local-grant-role", {"email": tormented.shop.admin_email, "role": "admin"}
    )
    sight.invoke("user-service-local-rotate-signing-key", {})


def token_mailed(tormented: Tormented, customer: Customer, page: str) -> str:
    """The token in the last link to that page."""
    found = until(lambda: tormented.sight.mails(customer.email, f"{page}#token="), bool, 30)
    return re.findall(r"#token=([\w.%~-]+)", found[-1])[-1]


def read_reports(tormented: Tormented, customer: Customer) -> None:
    today = datetime.now(UTC).date().isoformat()
    tormented.admin.report(today)
    for asked in ({"userId": customer.user_id}, {"type": "PAYMENT_SUCCEEDED"}, {"day": today}):
        ok(tormented.admin.http.get("/analytics/events", params=asked))


def check_the_books(tormented: Tormented) -> None:
    """Nothing is wrong with them; a person hears of a doubt that is none any more, and it goes."""
    (shopper,) = tormented.shoppers(1)
    order = shopper.ended(shopper.buy()).order_id
    reconcile.run(
        tormented.shop.cloud, day=datetime.now(UTC).date().isoformat(), settle=0, fullStock=True
    )
    tormented.sight.send(
        "discrepancy-queue", {"kind": "PAID_NOT_CONFIRMED", "detail": "a doubt", "orderId": order}
    )


def test_a_lambda_does_what_it_is_allowed_to_and_nothing_else(accesses):
    allowed = grants()

    assert [
        " ".join(access)
        for access in sorted(accesses)
        if not any(one.covers(access) for one in allowed)
    ] == []


def test_what_is_allowed_is_used_or_has_a_reason(accesses):
    unused = [
        str(grant) for grant in grants() if not any(grant.covers(access) for access in accesses)
    ]

    assert [
        grant for grant in unused if not any(fnmatchcase(grant, one) for one in ONLY_IN_TROUBLE)
    ] == []


def test_no_reason_is_given_for_what_nobody_may(accesses):
    allowed = [str(grant) for grant in grants()]

    assert [
        reason
        for reason in ONLY_IN_TROUBLE
        if not any(fnmatchcase(grant, reason) for grant in allowed)
    ] == []
