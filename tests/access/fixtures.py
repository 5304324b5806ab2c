"""Data around each service, and a valid request for each of its routes."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import jwt
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from common import auth, aws, clock
from common.api import camel_case
from common.roles import Role
from delivery.paths import service as folder_of
from devcloud.razorpay import webhooks as razorpay
from devcloud.stripe import webhooks as stripe
from testkit import plugin, resources, sent_mails
from testkit.access_matrix import Way
from testkit.events import waiting
from testkit.service_client import Api
from testkit.tokens import AMY, JIMMY, STAFF, Tokens

BOWL = "PROD#01BOWL"
SHIRT = "PARENT#01SHIRT"  # a parent of variants
IMPORT = "IMPORT#01IMPORT"
JIMMYS_ORDER, AMYS_ORDER, PAID_ORDER = "ORDER#01JIMMYS", "ORDER#01AMYS", "ORDER#01PAID"
SHIPPED_ORDER, SHIPMENT = "ORDER#01SHIPPED", "SHIP#01PARCEL"
SENT_ORDER = "ORDER#01SENT"
RETURN, APPROVED_RETURN = "RET#01RETURN", "RET#01APPROVED"
PASSWORD, WEBHOOK_SECRET = "12345", "whsec_abuse"
ADDRESS = {
    "name": "Jimmy",
    "line1": "1 Main Street",
    "city": "Cupertino",
    "region": "CA",
    "postalCode": "95014",
    "country": "US",
}
CREATED_AT = "2025-10-13T14:10:00.123Z"


@dataclass(frozen=True)
class Request:
    """A valid request. `foreign` are ids of another customer to put in its place."""

    args: dict[str, str] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    def path(self, pattern: str, **args: str) -> str:
        """The route's path with its arguments, others in the place of some."""
        given = {**self.args, **args}
        return pattern.format(**{name: quote(value, safe="") for name, value in given.items()})


@dataclass
class ServiceUnderTest:
    """One service with data, and its valid requests."""

    api: Api
    tokens: Tokens
    jimmy: str = JIMMY
    session: str = ""
    staff_id: str = STAFF
    staff_session: str = ""
    requests: dict[Way, Request] = field(default_factory=dict)
    snapshot: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)

    def customer(self) -> str:
        """A token of Jimmy's."""
        return self.tokens.sign(
            sub=self.jimmy, email="jimmy@example.com", role=Role.CUSTOMER, sid=self.session
        )

    def staff(self, role: Role) -> str:
        """A token of somebody else with this role."""
        return self.tokens.staff(role, self.staff_id, self.staff_session)

    def take_snapshot(self) -> None:
        """Keep the tables as they are now, for `restore`."""
        self.snapshot = {name: copy.deepcopy(table.items) for name, table in _tables().items()}
        self.rows = _rows()

    def changed_rows(self) -> str:
        """The rows of the tables that differ from the snapshot, as text."""
        now = _rows()
        return "".join(now[name] for name in now if now[name] != self.rows[name])

    def restore(self) -> list[str]:
        """Restore the tables from the snapshot. Returns the names of those that differed."""
        now = _rows()
        changed = [name for name in now if now[name] != self.rows[name]]
        for name in changed:
            _tables()[name].items = copy.deepcopy(self.snapshot[name])
        return changed


@contextmanager
def service_under_test(name: str) -> Iterator[ServiceUnderTest]:
    """Deploy a service as on the stage `local` into an AWS of its own, with data."""
    folder = folder_of(name)
    with pytest.MonkeyPatch.context() as patch, plugin.moto():
        for setting, value in _settings(folder).items():
            patch.setenv(setting, value)
        for setting in (
            "AWS_ENDPOINT_URL",
            "AWS_PROFILE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_SESSION_TOKEN",
        ):
            patch.delenv(setting, raising=False)
        resources.deploy_shared(folder)
        resources.deploy(folder / "resources.yml")
        service = ServiceUnderTest(Api(folder), Tokens.published())
        auth.clear_keys()
        FIXTURES[name](service)
        service.take_snapshot()
        yield service


def _settings(folder: Path) -> dict[str, str]:
    config = json.loads((folder / ".chalice/config.json").read_text())
    stage = config["stages"]["local"].get("environment_variables", {})
    fast = {"BCRYPT_ROUNDS": "4"} if folder.name == "user-service" else {}
    return {**plugin.ENVIRONMENT, **config.get("environment_variables", {}), **stage, **fast}


def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    return tables


def _rows() -> dict[str, str]:
    """The rows of each table, as text."""
    return {
        name: json.dumps([row.to_json() for row in table.all_items()])
        for name, table in _tables().items()
    }


def _put_row(table: str, **row: Any) -> None:
    boto3.resource("dynamodb").Table(table).put_item(Item=row)


def _put_product() -> None:
    """A bowl at 12.99 USD, fifty in stock."""
    resources.deploy_tables(folder_of("order-service"), {"Products", "Inventory"} - _existing())
    known = {"currency": "USD", "priceMinor": 1299, "status": "ACTIVE", "category": "bowls"}
    known |= {"description": "", "requestHash": "-", "createdAt": CREATED_AT, "version": 1}
    _put_row("Products", productId=BOWL, name="Bowl", updatedAt=CREATED_AT, **known)
    stock = {"availableStock": 50, "reservedStock": 0, "soldStock": 0, "suppliedStock": 50}
    _put_row("Inventory", productId=BOWL, **stock)


def _put_parent() -> None:
    """A shirt that has no variants yet."""
    known = {"currency": "USD", "priceMinor": 0, "status": "ACTIVE", "category": "clothes"}
    known |= {"description": "", "requestHash": "-", "createdAt": CREATED_AT, "version": 1}
    _put_row(
        "Products",
        productId=SHIRT,
        name="Shirt",
        optionNames=["Size"],
        variants=[],
        updatedAt=CREATED_AT,
        **known,
    )


def _existing() -> set[str]:
    return set(aws.client("dynamodb").list_tables()["TableNames"])


def _shipment() -> dict[str, Any]:
    return {
        "shipmentId": SHIPMENT,
        "items": [{"productId": BOWL, "qty": 3}],
        "carrier": "DHL",
        "status": "SHIPPED",
        "requestHash": "-",
        "shippedAt": clock.now(),
        "shippedBy": "USER#01ADMIN",
    }


def _return(return_id: str, status: str) -> dict[str, Any]:
    return {
        "returnId": return_id,
        "items": [{"productId": BOWL, "qty": 1, "reason": "DAMAGED"}],
        "status": status,
        "requestHash": "-",
        "requestedAt": clock.now(),
        "requestedBy": JIMMY,
    }


def _order(order_id: str, user_id: str, status: str = "CREATED", **more: Any) -> None:
    line = {"productId": BOWL, "name": "Bowl", "qty": 3, "priceMinor": 1299, "lineTotalMinor": 3897}
    known = {
        "items": [line],
        "totalMinor": 3897,
        "currency": "USD",
        "method": "CARD",
        "requestHash": "-",
    }
    stamps = {
        "createdAt": CREATED_AT,
        "updatedAt": CREATED_AT,
        "version": 1,
        "correlationId": "c-1",
    }
    _put_row(
        "Orders", orderId=order_id, userId=user_id, status=status, **{**known, **stamps, **more}
    )


def set_up_users(service: ServiceUnderTest) -> None:
    """Jimmy and Amy have accounts, and are logged in."""
    from chalicelib.tokens import keys

    aws.client("secretsmanager").create_secret(Name=keys.SECRET)
    aws.client("ses").verify_email_identity(EmailAddress="shop@shop.example")
    service.api.invoke("rotate-signing-key", {})
    published = json.loads(
        aws.client("ssm").get_parameter(Name=auth.KEYS_PARAMETER)["Parameter"]["Value"]
    )
    Tokens.published()
    ours = json.loads(
        aws.client("ssm").get_parameter(Name=auth.KEYS_PARAMETER)["Parameter"]["Value"]
    )
    both = {"keys": [*published["keys"], *ours["keys"]]}
    aws.client("ssm").put_parameter(
        Name=auth.KEYS_PARAMETER, Value=json.dumps(both), Overwrite=True
    )
    auth.clear_keys()
    for name in ("jimmy", "amy"):
        account = {"email": f"{name}@example.com", "password": PASSWORD, "name": name}
        service.api.post("/user/register", account)
    amy = {"email": "amy@example.com", "password": PASSWORD}
    staff = service.api.post("/user/login", amy).json_body
    service.staff_id, service.staff_session = staff["userId"], _claims(staff["token"])["sid"]
    jimmy = {"email": "jimmy@example.com", "password": PASSWORD}
    session = service.api.post("/user/login", jimmy).json_body
    service.session = _claims(session["token"])["sid"]
    service.jimmy = session["userId"]
    jimmys, amys = (
        service.api.post("/user/addresses", ADDRESS, token).json_body["addressId"]
        for token in (session["token"], staff["token"])
    )
    reset = _request_mail_token(service, "/user/password/forgotten", None)
    verify = _request_mail_token(service, "/user/email/verification", service.customer())
    service.requests = {
        ("POST", "/user/register"): Request(
            body={
                "email": "new@example.com",
                "password": PASSWORD,
                "name": "New",
                "phone": "+14155550123",
            }
        ),
        ("POST", "/user/login"): Request(body=jimmy),
        ("POST", "/user/refresh"): Request(body={"refreshToken": session["refreshToken"]}),
        ("POST", "/user/logout"): Request(body={"everywhere": False}),
        ("GET", "/user/profile"): Request(),
        ("GET", "/users"): Request(query={"email": "jimmy@example.com"}),
        ("PATCH", "/user/profile"): Request(body={"name": "Jim", "phone": "+14155550123"}),
        ("POST", "/user/password"): Request(body={"password": PASSWORD, "newPassword": "1234567"}),
        ("POST", "/user/password/forgotten"): Request(body={"email": "jimmy@example.com"}),
        ("POST", "/user/password/reset"): Request(body={"token": reset, "newPassword": "1234567"}),
        ("POST", "/user/email/verification"): Request(),
        ("POST", "/user/email/verify"): Request(body={"token": verify, "password": PASSWORD}),
        ("GET", "/user/addresses"): Request(),
        ("POST", "/user/addresses"): Request(body=ADDRESS),
        ("PATCH", "/user/addresses/{address_id}"): Request(
            {"address_id": jimmys}, {"line2": "c/o Amy"}, foreign={"address_id": amys}
        ),
        ("DELETE", "/user/addresses/{address_id}"): Request({"address_id": jimmys}),
        ("GET", "/user/export"): Request(),
        ("DELETE", "/user"): Request(body={"password": PASSWORD}),
        ("GET", "/user/.well-known/jwks.json"): Request(),
    }


def _request_mail_token(service: ServiceUnderTest, path: str, token: str | None) -> str:
    """Send the mail that this route requests, and return its token."""
    service.api.post(path, {"email": "jimmy@example.com"}, token)
    for message in waiting("user-mail-queue"):
        service.api.sqs("on-user-mail", [message])
    return re.findall(r"#token=(\S+)", sent_mails.list_mails()[-1].text)[0]


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def set_up_products(service: ServiceUnderTest) -> None:
    """A bowl is for sale, and there are drinks to come. All is in the search index."""
    _put_product()
    _put_parent()
    _put_row("Categories", tree="CATEGORIES", slug="#", version=1)
    _put_row(
        "Categories", tree="CATEGORIES", slug="drinks", name="Drinks", position=0,
        updatedAt=CREATED_AT,
    )  # fmt: skip
    _put_row(
        "Imports", importId=IMPORT, status="READING", dryRun=False, currency="USD",
        adminId="USER#01ADMIN", role="admin", createdAt=CREATED_AT, expiresAt=4_000_000_000,
    )  # fmt: skip
    service.api.sqs("on-search-index-queue", [{"all": True}])
    bowl = {"product_id": BOWL}
    draft = {
        "name": "Tea",
        "price": 3.5,
        "stock": 5,
        "currency": "USD",
        "description": "Green",
        "category": "drinks",
    }
    service.requests = {
        ("GET", "/products"): Request(),
        ("GET", "/product"): Request(),
        ("GET", "/product/{product_id}"): Request(bowl),
        ("GET", "/products/facets"): Request(),
        ("GET", "/products/suggest"): Request(),
        ("GET", "/categories"): Request(),
        ("GET", "/products/all"): Request(),
        ("GET", "/products/all/{product_id}"): Request(bowl),
        ("POST", "/categories"): Request(body={"name": "Food", "position": 1}),
        ("PATCH", "/categories/{slug}"): Request({"slug": "drinks"}, {"name": "Tea"}),
        ("DELETE", "/categories/{slug}"): Request({"slug": "drinks"}),
        ("POST", "/product"): Request(body=draft),
        ("POST", "/products/imports"): Request(body={"dryRun": True}),
        ("POST", "/products/imports/{import_id}/start"): Request({"import_id": IMPORT}),
        ("GET", "/products/imports/{import_id}"): Request({"import_id": IMPORT}),
        ("POST", "/product/{product_id}/variants"): Request(
            {"product_id": SHIRT}, {"options": {"Size": "L"}, "price": 3.5, "stock": 5}
        ),
        ("PATCH", "/product/{product_id}"): Request(
            bowl, {name: value for name, value in draft.items() if name != "stock"}
        ),
        ("DELETE", "/product/{product_id}"): Request(bowl),
        ("PUT", "/product/{product_id}/stock"): Request(bowl, {"stock": 7}),
        ("PATCH", "/product/{product_id}/stock"): Request(bowl, {"lowStockThreshold": 3}),
        ("POST", "/product/{product_id}/stock/adjust"): Request(
            bowl, {"change": 5, "reason": "delivery"}, {"Idempotency-Key": "d-1"}
        ),
        ("GET", "/product/{product_id}/stock/movements"): Request(bowl),
    }


def set_up_carts(service: ServiceUnderTest) -> None:
    """Jimmy and Amy have a bowl in their carts, and so has a guest."""
    _put_product()
    for owner in (JIMMY, AMY):
        _put_row(
            "Carts", userId=owner, productId=BOWL, qty=2, addedAt=CREATED_AT, updatedAt=CREATED_AT
        )
    secret = service.api.post("/cart/guest").json_body["guestCart"]
    guest, bowl, add = (
        {"X-Guest-Cart": secret},
        {"product_id": BOWL},
        {"productId": BOWL, "quantity": 1},
    )
    service.api.post("/cart/guest/items", add, headers=guest)
    service.requests = {
        ("POST", "/cart"): Request(body=add),
        ("GET", "/cart"): Request(),
        ("PATCH", "/cart/{product_id}"): Request(bowl, {"quantity": 3}),
        ("DELETE", "/cart/{product_id}"): Request(bowl),
        ("DELETE", "/cart"): Request(),
        ("POST", "/cart/merge"): Request(body={}, headers=guest),
        ("POST", "/cart/guest"): Request(),
        ("GET", "/cart/guest"): Request(headers=guest),
        ("POST", "/cart/guest/items"): Request(body=add, headers=guest),
        ("PATCH", "/cart/guest/items/{product_id}"): Request(bowl, {"quantity": 3}, guest),
        ("DELETE", "/cart/guest/items/{product_id}"): Request(bowl, headers=guest),
        ("DELETE", "/cart/guest"): Request(headers=guest),
    }


def _invoice(order_id: str) -> None:
    """Put an invoice and its PDF."""
    number = "INV-2025-000001"
    document = {"documentId": "INVOICE", "number": number, "issuedAt": CREATED_AT}
    _put_row("Invoices", orderId=order_id, amountMinor=2598, currency="USD", **document)
    bucket = aws.bucket("invoices")
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key=f"INV-2025/{number}.pdf", Body=b"%PDF")


def set_up_orders(service: ServiceUnderTest) -> None:
    """Jimmy has an unpaid and a paid order, and Amy has one."""
    _put_product()
    resources.deploy_tables(folder_of("order-service"), {"Users", "Carts"} - _existing())
    _order(JIMMYS_ORDER, JIMMY)
    _order(AMYS_ORDER, AMY, "CONFIRMED", paymentId="PAY#1")
    _order(PAID_ORDER, JIMMY, "CONFIRMED", paymentId="PAY#2", createdAt=clock.now())
    _invoice(PAID_ORDER)
    shipping = {"methodId": "METHOD#01", "name": "Post", "minDays": 1, "maxDays": 2}
    costs = {"priceMinor": 0, "taxMinor": 0, "totalMinor": 0}
    _order(SENT_ORDER, JIMMY, shippingAddress=ADDRESS, shipping={**shipping, **costs})
    returns = [_return(RETURN, "REQUESTED"), _return(APPROVED_RETURN, "APPROVED")]
    shipped = {"shipments": [_shipment()], "returns": returns}
    _order(SHIPPED_ORDER, JIMMY, "CONFIRMED", paymentId="PAY#3", **shipped)
    amys = {"order_id": AMYS_ORDER}
    returned = {"order_id": SHIPPED_ORDER, "return_id": RETURN}
    order = {
        "cartItems": [{"productId": BOWL, "qty": 1}],
        "method": "CARD",
        "paymentMethod": "pm_card_visa",
    }
    part = {"items": [{"productId": BOWL, "qty": 1}], "reason": "broken"}
    service.requests = {
        ("POST", "/order"): Request(body={**order, "expectedTotal": 12.99}),
        ("GET", "/order/{order_id}"): Request({"order_id": JIMMYS_ORDER}, foreign=amys),
        ("GET", "/orders"): Request(),
        ("GET", "/order/{order_id}/invoice"): Request({"order_id": PAID_ORDER}, foreign=amys),
        ("GET", "/order/{order_id}/history"): Request({"order_id": SHIPPED_ORDER}, foreign=amys),
        ("POST", "/order/{order_id}/notes"): Request(
            {"order_id": JIMMYS_ORDER}, {"text": "called"}, {"Idempotency-Key": "key-1"}
        ),
        ("POST", "/order/{order_id}/cancel"): Request({"order_id": JIMMYS_ORDER}, foreign=amys),
        ("PATCH", "/order/{order_id}/shipping-address"): Request(
            {"order_id": SENT_ORDER}, {"shippingAddress": {**ADDRESS, "name": "Jim"}}, foreign=amys
        ),
        ("POST", "/order/{order_id}/refund"): Request(
            {"order_id": PAID_ORDER}, part, {"Idempotency-Key": "key-1"}
        ),
        ("POST", "/order/{order_id}/shipments"): Request(
            {"order_id": PAID_ORDER},
            {"carrier": "DHL", "items": part["items"]},
            {"Idempotency-Key": "key-1"},
        ),
        ("POST", "/order/{order_id}/shipments/{shipment_id}/deliver"): Request(
            {"order_id": SHIPPED_ORDER, "shipment_id": SHIPMENT}
        ),
        ("POST", "/order/{order_id}/returns"): Request(
            {"order_id": SHIPPED_ORDER},
            {"items": [{**part["items"][0], "reason": "DAMAGED"}]},
            {"Idempotency-Key": "key-1"},
            foreign=amys,
        ),
        ("POST", "/order/{order_id}/returns/{return_id}/approve"): Request(returned, {}),
        ("POST", "/order/{order_id}/returns/{return_id}/reject"): Request(returned, {}),
        ("POST", "/order/{order_id}/returns/{return_id}/receive"): Request(
            {**returned, "return_id": APPROVED_RETURN},
            {"items": [{**part["items"][0], "restock": True}]},
            {"Idempotency-Key": "key-1"},
        ),
        ("POST", "/order/quote"): Request(body={"cartItems": order["cartItems"]}),
        **_price_settings(service),
    }


def _price_settings(service: ServiceUnderTest) -> dict[Way, Request]:
    """Create a shipping method, a tax rate and a coupon. Returns requests for them."""
    zone, band = {"countries": ["US"]}, {"price": 5}
    rate = {"name": "Sales tax", "country": "US", "percent": 7}
    coupon = {"name": "Welcome", "effect": "PERCENT", "percent": 10}
    samples = [
        ("/shipping-methods", "method_id", {"name": "Parcel", "zones": [zone], "bands": [band]}),
        ("/tax-rates", "rate_id", {**rate, "region": "CA"}),
        ("/promotions", "promotion_id", {**coupon, "code": "WELCOME"}),
    ]
    fresh = {"/tax-rates": {"region": "NY"}, "/promotions": {"code": "HELLO"}}
    requests: dict[Way, Request] = {}
    for path, name, body in samples:
        created = service.api.post(path, body, service.tokens.admin())
        args = {name: created.json_body[camel_case(name)]}
        requests[("GET", path)] = Request()
        requests[("POST", path)] = Request(body={**body, **fresh.get(path, {})})
        requests[("PATCH", f"{path}/{{{name}}}")] = Request(args, {"name": "Renamed"})
        requests[("DELETE", f"{path}/{{{name}}}")] = Request(args)
    return requests


def set_up_checkouts(service: ServiceUnderTest) -> None:
    """Jimmy and Amy have unpaid orders."""
    resources.deploy_tables(folder_of("checkout-orchestrator"), ["Orders", "Carts", "Users"])
    for order_id, owner in ((JIMMYS_ORDER, JIMMY), (AMYS_ORDER, AMY)):
        _order(order_id, owner, createdAt=clock.now())
    machine = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}}
    role = "arn:aws:iam::123456789012:role/states"
    boto3.client("stepfunctions").create_state_machine(
        name="checkout-orchestrator", definition=json.dumps(machine), roleArn=role
    )
    for gateway, key in (("stripe", "sk_test_1"), ("razorpay", "rzp_test_1")):
        secret = {"apiKey": key, "keyId": key, "keySecret": key, "webhookSecret": WEBHOOK_SECRET}
        aws.client("secretsmanager").create_secret(
            Name=f"commerce/{gateway}", SecretString=json.dumps(secret)
        )
    paid = {"id": "pi_1", "object": "payment_intent", "metadata": {"orderId": JIMMYS_ORDER}}
    stripe_event = json.dumps(
        {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": paid}}
    )
    order = {"id": "order_1", "notes": {"orderId": JIMMYS_ORDER}}
    razorpay_event = json.dumps({"event": "order.paid", "payload": {"order": {"entity": order}}})
    service.requests = {
        ("POST", "/checkout"): Request(
            body={
                "orderId": JIMMYS_ORDER,
                "method": "CARD",
                "paymentMethod": "pm_card_visa",
                "expectedTotal": 25.98,
            },
            foreign={"orderId": AMYS_ORDER},
        ),
        ("GET", "/checkout/{order_id}"): Request(
            {"order_id": JIMMYS_ORDER}, foreign={"order_id": AMYS_ORDER}
        ),
        ("GET", "/notifications"): Request(query={"audience": "admin"}),
        ("POST", "/checkout/webhooks/stripe"): Request(
            body=stripe_event,
            headers={"Stripe-Signature": stripe.signature(stripe_event.encode(), WEBHOOK_SECRET)},
        ),
        ("POST", "/checkout/webhooks/razorpay"): Request(
            body=razorpay_event,
            headers={
                "X-Razorpay-Signature": razorpay.signature(razorpay_event.encode(), WEBHOOK_SECRET)
            },
        ),
    }


def set_up_analytics(service: ServiceUnderTest) -> None:
    """The event log is empty."""
    service.requests = {
        ("GET", "/analytics/events"): Request(),
        ("GET", "/analytics/reports"): Request(),
    }


FIXTURES: dict[str, Callable[[ServiceUnderTest], None]] = {
    "user-service": set_up_users,
    "product-service": set_up_products,
    "cart-service": set_up_carts,
    "order-service": set_up_orders,
    "checkout-orchestrator": set_up_checkouts,
    "analytics-service": set_up_analytics,
}
