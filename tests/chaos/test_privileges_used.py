"""Each Lambda uses its privileges, and no others.

Part of the chaos tests because everything that they make Lambdas do counts.
"""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from common import ids
from devcloud import reconcile
from tests.chaos.harness import ChaosHarness
from tests.chaos.scenarios import (
    DECLINED,
    EXPECTED_STATUSES,
    SCHEDULED_EVENT,
    Scenario,
    leave_work_to_queues,
    pay_after_expired_reservation,
    pay_after_soft_decline,
)
from tests.support.actors import PASSWORD, Customer, ok, poll_until
from tests.support.privileges import done_by_aws, grants

_LANES = 6
# These change the shop for all shoppers.
_ALONE: tuple[Scenario, ...] = (
    pay_after_soft_decline,
    pay_after_expired_reservation,
    leave_work_to_queues,
)
Access = tuple[str, str, str]

# Grants that no customer, admin or Lambda uses here, and why they are needed: patterns of
# "function action resource".
USED_ON_FAILURE: dict[str, str] = {
    "*-on-* sqs:GetQueueUrl *": "a consumer deletes the messages that succeeded of a failed batch",
    "order-service-local-issue-invoice sqs:GetQueueUrl *": (
        "a consumer deletes the messages that succeeded of a failed batch"
    ),
    "analytics-service-local-on-*-stream sqs:* arn:aws:sqs:[*]:[*]:analytics-queue": (
        "a record that fails is parked"
    ),
    "analytics-service-local-on-analytics-queue dynamodb:UpdateItem *": (
        "a parked record of an order or a payment is counted"
    ),
    "cart-service-local-*clear-cart dynamodb:UpdateItem *": (
        "more of a product was added to the cart after the order"
    ),
    "checkout-orchestrator-local dynamodb:GetItem *GatewayEvents": "a gateway repeats a webhook",
    "checkout-orchestrator-local* states:DescribeExecution *": (
        "a payment without a waiting saga: the saga may have been stopped by hand"
    ),
    "checkout-orchestrator-local* sqs:* *:payment-retry-queue": (
        "a saga was stopped by hand and its payment is refunded; a charge or a refund is retried"
    ),
    "checkout-orchestrator-local states:SendTask* [*]": (
        "the payment ended before the customer came to pay"
    ),
    "checkout-orchestrator-local-await-payment states:SendTask* [*]": (
        "the payment ended before its saga waited for it"
    ),
    "checkout-orchestrator-local-await-payment events:PutEvents *": (
        "the payment was captured before its saga waited for it"
    ),
    "checkout-orchestrator-local-on-payment-webhook sqs:* *:discrepancy-queue": (
        "the customer's bank rejected a refund"
    ),
    "checkout-orchestrator-local-on-refund-requested sqs:* *:discrepancy-queue": (
        "the gateway did not make a refund"
    ),
    "checkout-orchestrator-local-on-refund-requested sqs:* *:refund-requested-queue": (
        "the gateway is down while a refund is made"
    ),
    "checkout-orchestrator-local-*-payment* secretsmanager:GetSecretValue *": (
        "the payment decides which of the two gateways is called"
    ),
    "checkout-orchestrator-local-on-* secretsmanager:GetSecretValue *": (
        "the payment decides which of the two gateways is called"
    ),
    "checkout-orchestrator-local-refund-payment dynamodb:PutItem *": (
        "a payment was captured before the checkout failed"
    ),
    "checkout-orchestrator-local-on-payment-retry lambda:InvokeFunction *": (
        "a saga was stopped by hand: its order is failed before its payment is refunded"
    ),
    "checkout-orchestrator-local-on-payment-retry states:SendTaskFailure [*]": (
        "the bank declined for good after soft declines"
    ),
    "checkout-orchestrator-local-*notification sns:Publish [*]": (
        "notices by SMS, to customers with a phone number"
    ),
    "checkout-orchestrator-local-on-notification dynamodb:GetItem *Orders": (
        "a queued notice is about an order"
    ),
    "order-service-local-cancel-order dynamodb:UpdateItem *CouponUses": (
        "a guest's order with a coupon is cancelled"
    ),
    "checkout-orchestrator-local-reconcile sqs:*": "a discrepancy is repaired or escalated",
    "checkout-orchestrator-local-reconcile events:*": "an event was not published",
    "checkout-orchestrator-local-reconcile states:StartExecution *": (
        "a checkout was never started"
    ),
    "checkout-orchestrator-local-reconcile lambda:*": "the run continues in another invocation",
    "checkout-orchestrator-local-on-discrepancy dynamodb:Scan *": (
        "the discrepancy is about a product and all its reservations"
    ),
    "checkout-orchestrator-local-on-discrepancy dynamodb:BatchGetItem *Inventory": (
        "the discrepancy is about a product and all its reservations"
    ),
    "user-service-local-on-user-mail dynamodb:GetItem *AccountMails": (
        "a message is repeated after its mail was sent"
    ),
    "user-service-local-on-mail-event dynamodb:UpdateItem *": "a mail bounced",
    "user-service-local-on-account-deletion sqs:SendMessage *": (
        "access tokens outlive the longest delay of a message; here they last two seconds"
    ),
    "user-service-local-on-account-deletion dynamodb:DeleteItem *": "a deletion was interrupted",
    "order-service-local-*fail-order dynamodb:PutItem *": "an order failed before it was stored",
    "order-service-local-*fail-order dynamodb:UpdateItem *CouponUses": (
        "an order with a coupon failed"
    ),
    "order-service-local-announce-orders sqs:* *": (
        "the bus rejected an event, and the record is parked"
    ),
    "checkout-orchestrator-local-* dynamodb:*Item *CardDeclines": (
        "whichever step or consumer sees a decline first counts it"
    ),
    "checkout-orchestrator-local-on-notification dynamodb:GetItem *Payments": (
        "a queued notice is about an order that failed"
    ),
    "order-service-local-validate-order dynamodb:UpdateItem *Orders": (
        "the offer ended before its saga ran"
    ),
    "order-service-local-create-order-record dynamodb:GetItem *Orders": (
        "the order had ended, or was confirmed before"
    ),
    "order-service-local-validate-order dynamodb:GetItem *Orders": (
        "an order is refused, unless an equal request has just stored it"
    ),
    "product-service-local-check-inventory dynamodb:GetItem *": "the step is repeated",
    "checkout-orchestrator-local-process-payment dynamodb:GetItem *Payments": (
        "the step is repeated"
    ),
    "checkout-orchestrator-local-on-payment-webhook dynamodb:PutItem *GatewayEvents": (
        "a message comes again after its event's row has expired"
    ),
    "order-service-local-on-account-deleted dynamodb:*Item *Orders": (
        "an account is deleted while its order is unpaid"
    ),
    "product-service-local-refresh-search-index sqs:* *": (
        "the search index is a day old, or cannot be read"
    ),
    "*-service-local* s3:*": "requests of S3 are not recorded",
    "product-service-local dynamodb:Query *Products/index/*": "no search index can be read",
    "*-service-local-announce-staff-acts sqs:* *": (
        "the bus rejected an event, and the record is parked"
    ),
    "product-service-local-update-inventory dynamodb:PutItem *": (
        "the stock of a paid order is taken again after its reservation expired"
    ),
    "product-service-local-update-inventory dynamodb:BatchGetItem *": (
        "the stock of a paid order is sold out after its reservation expired"
    ),
}


@pytest.fixture(scope="module")
def iam_usage(harness: ChaosHarness) -> set[Access]:
    """All accesses to AWS so far, once every scenario was run and every route called."""
    outcomes = harness.run_scenarios(
        [story for story in EXPECTED_STATUSES if story not in _ALONE], _LANES
    )
    outcomes += harness.run_scenarios(_ALONE, lanes=1)
    harness.assert_consistent([outcome.order_id for outcome in outcomes])
    use_all_routes(harness)
    harness.drain_queues()
    return harness.faults.iam_usage() | done_by_aws()


def use_all_routes(harness: ChaosHarness) -> None:
    """Use what scenarios leave out: catalogue, cart, account, reports, reconciliation."""
    customer = Customer.register(harness.shop.url)
    goods = edit_catalogue(harness)
    edit_carts(customer, goods)
    edit_prices(harness, customer, goods)
    act_for_customers(harness, goods)
    import_catalogue(harness)
    fail_to_buy(harness, goods)
    buy_as_guest(harness, customer)
    edit_account(harness, customer, goods)
    read_reports(harness, customer)
    reconcile_orders(harness)


def edit_catalogue(harness: ChaosHarness) -> str:
    admin = harness.admin.http
    goods = harness.create_product(stock=5)
    path = f"/product/{quote(goods, safe='')}"
    ok(admin.patch(path, json={"price": 13.49}))
    ok(admin.put(f"{path}/stock", json={"stock": 7}))
    adjustment = {"change": 1, "reason": "found in the store"}
    for _ in range(2):
        ok(admin.post(f"{path}/stock/adjust", json=adjustment, headers={"Idempotency-Key": "1"}))
    ok(admin.get(f"{path}/stock/movements"))
    ok(admin.patch(f"{path}/stock", json={"lowStockThreshold": 6}))
    sold = {"change": -3, "reason": "sold in the store"}
    ok(admin.post(f"{path}/stock/adjust", json=sold, headers={"Idempotency-Key": "2"}))
    ok(admin.get(path))
    ok(admin.get("/products", params={"category": "none"}))
    ok(admin.get("/products"))
    edit_parent(admin, goods)
    edit_categories(harness)
    archived = harness.create_product(stock=1)
    assert admin.delete(f"/product/{quote(archived, safe='')}").is_success
    return goods


def edit_prices(harness: ChaosHarness, customer: Customer, goods: str) -> None:
    """Order in both ways with shipping, tax and a coupon."""
    admin, code = harness.admin.http, f"FIRST-{uuid.uuid4().hex[:12].upper()}"
    samples: dict[str, dict[str, Any]] = {
        "/shipping-methods": {
            "name": "Parcel",
            "zones": [{"countries": ["US"]}],
            "bands": [{"price": 5}],
        },
        "/tax-rates": {"name": "Sales tax", "country": "US", "region": "AK", "percent": 1},
        "/promotions": {
            "name": "First",
            "effect": "PERCENT",
            "percent": 10,
            "code": code,
            "firstOrderOnly": True,
        },
    }
    paths = []
    for path, body in samples.items():
        for _ in range(2):
            answer = admin.post(path, json=body, headers={"Idempotency-Key": code})
            created = ok(answer, 201)
        row_id = next(value for name, value in created.items() if name.endswith("Id"))
        paths.append(f"{path}/{quote(row_id, safe='')}")
        ok(admin.get(path))
        ok(admin.patch(paths[-1], json={"name": "Renamed"}))
    address = {
        "name": "Jimmy Patel",
        "line1": "1 Main Street",
        "city": "Juneau",
        "region": "AK",
        "postalCode": "99801",
        "country": "US",
    }
    terms = {"shippingAddress": address, "couponCodes": [code]}
    ok(customer.http.post("/cart", json={"productId": goods, "quantity": 1}))
    started = ok(customer.http.post("/checkout", json=terms), 202)
    ok(customer.http.post(f"/order/{quote(started['orderId'], safe='')}/cancel"))
    assert customer.http.delete("/cart").is_success
    stored = ok(customer.http.post("/user/addresses", json=address), 201)
    terms = {"addressId": stored["addressId"], "couponCodes": [code]}
    items = [{"productId": goods, "qty": 1}]
    ok(customer.http.post("/order/quote", json={"cartItems": items, **terms}))
    ok(customer.http.post("/checkout", json=terms), 409)
    placed = ok(customer.http.post("/order", json={"cartItems": items, **terms}), 201)
    moved = {**address, "city": "Sitka", "postalCode": "99835"}
    order = f"/order/{quote(placed['orderId'], safe='')}"
    ok(customer.http.patch(f"{order}/shipping-address", json={"shippingAddress": moved}))
    ok(customer.http.post(f"{order}/cancel"))
    ok(customer.http.get(f"{order}/invoice"), 404)
    for path in paths:
        assert admin.delete(path).is_success


def edit_categories(harness: ChaosHarness) -> None:
    admin = harness.admin.http
    ok(admin.post("/categories", json={"name": "Food"}), 201)
    ok(admin.patch("/categories/food", json={"position": 1}))
    ok(admin.get("/categories"))
    harness.probe.invoke("product-service-local-refresh-search-index", SCHEDULED_EVENT)
    # The search index may have to be built first.
    poll_until(lambda: admin.delete("/categories/food"), lambda answer: answer.is_success, 60)


def act_for_customers(harness: ChaosHarness, goods: str) -> None:
    """Cancel a customer's order as staff: the trace is written with it."""
    customer = Customer.register(harness.shop.url)
    order = quote(customer.order(goods), safe="")
    harness.admin.http.post(f"/order/{order}/cancel")
    for query in ({}, {"fulfilmentStatus": "UNFULFILLED"}, {"email": customer.email}):
        ok(harness.admin.http.get("/orders", params={"view": "all", **query}))


def edit_parent(admin: httpx.Client, related: str) -> None:
    parent = {
        "name": "Shirt",
        "options": ["Size"],
        "relatedIds": [related],
        "slug": f"shirt-{uuid.uuid4().hex}",
        "variants": [{"options": {"Size": "M"}, "price": 1, "stock": 1}],
    }
    created = ok(admin.post("/product", json=parent, headers={"Idempotency-Key": "1"}), 201)
    path = f"/product/{quote(created['productId'], safe='')}"
    ok(admin.get(path))
    ok(admin.patch(path, json={"slug": None}))


def import_catalogue(harness: ChaosHarness) -> None:
    """Import a product and a parent, and change them by other imports."""
    sku = uuid.uuid4().hex
    for price, slug in (("3.50", f"{sku}-1"), ("4.50", f"{sku}-1"), ("4.50", f"{sku}-2")):
        rows = [
            "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price",
            f"{slug}-a,Tea {price},Title,Default Title,{sku}-A,{price}",
            f"{slug}-b,Mug {price},Colour,Red,{sku}-B,{price}",
            f"{slug}-b,,,Blue,{sku}-C,{price}",
        ]
        import_file(harness.admin.http, "\n".join(rows))


def import_file(admin: httpx.Client, file: str) -> None:
    created = ok(admin.post("/products/imports", json={}), 201)
    form = created["upload"]
    assert httpx.post(form["url"], data=form["fields"], files={"file": file}).is_success
    path = f"/products/imports/{quote(created['importId'], safe='')}"
    ok(admin.post(f"{path}/start"), 202)
    done = poll_until(
        lambda: ok(admin.get(path)), lambda job: job["status"] in ("DONE", "FAILED"), 60
    )
    assert (done["status"], done["refused"]) == ("DONE", 0), done


def buy_as_guest(harness: ChaosHarness, customer: Customer) -> None:
    """Order and cancel as a guest, whose order joins an account."""
    with httpx.Client(base_url=harness.shop.url, timeout=40) as guest:
        guest.headers["X-Guest-Cart"] = ok(guest.post("/cart/guest"), 201)["guestCart"]
        item = {"productId": harness.create_product(stock=5), "quantity": 1}
        ok(guest.post("/cart/guest/items", json=item))
        order = ok(guest.post("/checkout/guest", json={"email": customer.email}), 202)
        guest.headers["X-Order-Token"] = order["orderToken"]
        path = f"/checkout/guest/{quote(order['orderId'], safe='')}"
        ok(guest.get(path))
        ok(guest.post(f"{path}/cancel"))


def edit_carts(customer: Customer, goods: str) -> None:
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


def fail_to_buy(harness: ChaosHarness, goods: str) -> None:
    """Pay with a declined card and cancel, and reserve more than there is."""
    (shopper,) = harness.get_shoppers(1)
    superseded = shopper.buy(None)
    second = shopper.buy(None)
    assert shopper.await_outcome(superseded).status == "CANCELLED"
    shopper.cancel(second)
    shopper.await_outcome(second)
    declined = shopper.order()
    shopper.await_challenge(declined)
    shopper.pay(declined, DECLINED)
    shopper.cancel(declined)
    assert shopper.await_outcome(declined).status == "CANCELLED"
    too_much = {"orderId": ids.new("ORDER"), "items": [{"productId": goods, "qty": 99}]}
    assert not harness.probe.try_invoke("product-service-local-check-inventory", too_much)
    assert harness.probe.try_invoke(
        "product-service-local-release-inventory", {"orderId": too_much["orderId"]}
    )


def edit_account(harness: ChaosHarness, customer: Customer, goods: str) -> None:
    """Verify the address, reset and change the password, and delete the account.

    Somebody else tries to register the same address.
    """
    duplicate = {"email": customer.email, "password": "test123", "name": "Another"}
    for key in [uuid.uuid4().hex] * 2:
        answer = httpx.post(
            f"{harness.shop.url}/user/register",
            json=duplicate,
            headers={"Idempotency-Key": key},
            timeout=40,
        )
        ok(answer, 201)
    http, wrong = customer.http, {"email": customer.email, "password": "not this one"}
    assert http.post("/user/login", json=wrong).status_code == 401
    ok(http.patch("/user/profile", json={"phone": "+14155550123"}))
    edit_addresses(http)
    token = request_mail_token(
        harness, customer, "email/verify", lambda: http.post("/user/email/verification")
    )
    ok(http.post("/user/email/verify", json={"token": token, "password": PASSWORD}))
    forgotten = {"email": customer.email}
    token = request_mail_token(
        harness,
        customer,
        "password/reset",
        lambda: http.post("/user/password/forgotten", json=forgotten),
    )
    ok(http.post("/user/password/reset", json={"token": token, "newPassword": "forgotten no more"}))
    again = Customer.log_in(harness.shop.url, customer.email, "forgotten no more")
    ok(
        again.http.post(
            "/user/password", json={"password": "forgotten no more", "newPassword": "another one"}
        )
    )
    for path in ("/user/profile", "/user/export", "/user/.well-known/jwks.json"):
        ok(again.http.get(path))
    ok(again.http.post("/user/logout", json={}))
    last = Customer.log_in(harness.shop.url, customer.email, "another one")
    last.add_to_cart(goods)
    assert last.http.request("DELETE", "/user", json={"password": "another one"}).is_success
    poll_until(lambda: harness.probe.query("Carts", userId=last.user_id), lambda rows: not rows, 60)
    probe = harness.probe
    probe.invoke(
        "user-service-local-grant-role", {"email": harness.shop.admin_email, "role": "admin"}
    )
    probe.invoke("user-service-local-rotate-signing-key", {})


def edit_addresses(http: httpx.Client) -> None:
    address = {
        "name": "Jimmy Patel",
        "line1": "1 Main Street",
        "city": "Juneau",
        "region": "AK",
        "postalCode": "99801",
        "country": "US",
    }
    created = ok(http.post("/user/addresses", json=address), 201)
    path = f"/user/addresses/{quote(created['addressId'], safe='')}"
    ok(http.patch(path, json={"isDefaultShipping": True}))
    ok(http.get("/user/addresses"))
    assert http.delete(path).is_success


def request_mail_token(
    harness: ChaosHarness, customer: Customer, page: str, send: Callable[[], httpx.Response]
) -> str:
    """Request a mail, and return the token of the link to that page in it.

    An earlier mail may have a link to the same page, whose token is no longer valid.
    """

    def links() -> list[str]:
        mails = harness.probe.mails(customer.email, f"{page}#token=")
        return [link for mail in mails for link in re.findall(rf"{page}#token=([\w.%~-]+)", mail)]

    harness.drain_queues()
    earlier = set(links())
    ok(send(), 202)
    (token,) = poll_until(lambda: set(links()) - earlier, bool, 30)
    return token


def read_reports(harness: ChaosHarness, customer: Customer) -> None:
    today = datetime.now(UTC).date().isoformat()
    harness.admin.get_report(today)
    for query in ({"userId": customer.user_id}, {"type": "PAYMENT_SUCCEEDED"}, {"day": today}):
        ok(harness.admin.http.get("/analytics/events", params=query))
    ok(harness.admin.http.get("/notifications", params={"audience": "admin"}))
    harness.probe.invoke("checkout-orchestrator-local-send-digest", {"day": today})


def reconcile_orders(harness: ChaosHarness) -> None:
    """Find no discrepancy, and close an escalated one that is resolved."""
    (shopper,) = harness.get_shoppers(1)
    order = shopper.await_outcome(shopper.buy()).order_id
    reconcile.run(
        harness.shop.cloud, day=datetime.now(UTC).date().isoformat(), settle=0, fullStock=True
    )
    harness.probe.send_message(
        "discrepancy-queue", {"kind": "PAID_NOT_CONFIRMED", "detail": "resolved", "orderId": order}
    )


def test_a_lambda_does_only_what_its_policy_allows(iam_usage):
    allowed = grants()

    assert [
        " ".join(access)
        for access in sorted(iam_usage)
        if not any(one.covers(access) for one in allowed)
    ] == []


def test_every_grant_is_used_or_has_a_reason(iam_usage):
    unused = [
        str(grant) for grant in grants() if not any(grant.covers(access) for access in iam_usage)
    ]

    unexplained = [
        grant for grant in unused if not any(fnmatchcase(grant, one) for one in USED_ON_FAILURE)
    ]
    assert not unexplained, "\n".join(unexplained)


def test_every_reason_belongs_to_a_grant(iam_usage):
    allowed = [str(grant) for grant in grants()]

    assert [
        reason
        for reason in USED_ON_FAILURE
        if not any(fnmatchcase(grant, reason) for grant in allowed)
    ] == []
