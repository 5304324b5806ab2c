"""The local shop's own pages: the front page, sent mails, /docs."""

import json
import subprocess
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from delivery.paths import ROOT, SERVICES
from devcloud import example_orders
from devcloud.stripe.payment_methods import METHODS
from tests.support.actors import Customer, ok, poll_until

HTML = {"Accept": "text/html,application/xhtml+xml"}
NASTY = "<script>alert(1)</script>"
ONLY_STAFF = (403, "only staff with the scope may")
ONLY_GATEWAYS = (400, "believed by the gateway's signature alone")
# What the prefilled example of an operation is answered with, where that is no success.
EXCEPTIONS = {
    "GET /analytics/events": ONLY_STAFF,
    "GET /analytics/reports": ONLY_STAFF,
    "GET /notifications": ONLY_STAFF,
    "GET /users": ONLY_STAFF,
    "POST /product": ONLY_STAFF,
    "POST /product/{productId}/variants": ONLY_STAFF,
    "GET /products/all/{productId}": ONLY_STAFF,
    "GET /products/all": ONLY_STAFF,
    "POST /categories": ONLY_STAFF,
    "PATCH /categories/{slug}": ONLY_STAFF,
    "DELETE /categories/{slug}": ONLY_STAFF,
    "PATCH /product/{productId}": ONLY_STAFF,
    "PUT /product/{productId}/stock": ONLY_STAFF,
    "PATCH /product/{productId}/stock": ONLY_STAFF,
    "POST /products/imports": ONLY_STAFF,
    "POST /products/imports/{importId}/start": ONLY_STAFF,
    "GET /products/imports/{importId}": ONLY_STAFF,
    "POST /product/{productId}/stock/adjust": ONLY_STAFF,
    "GET /product/{productId}/stock/movements": ONLY_STAFF,
    "DELETE /product/{productId}": ONLY_STAFF,
    "GET /shipping-methods": ONLY_STAFF,
    "POST /shipping-methods": ONLY_STAFF,
    "PATCH /shipping-methods/{methodId}": ONLY_STAFF,
    "DELETE /shipping-methods/{methodId}": ONLY_STAFF,
    "GET /tax-rates": ONLY_STAFF,
    "POST /tax-rates": ONLY_STAFF,
    "PATCH /tax-rates/{rateId}": ONLY_STAFF,
    "DELETE /tax-rates/{rateId}": ONLY_STAFF,
    "GET /promotions": ONLY_STAFF,
    "POST /promotions": ONLY_STAFF,
    "PATCH /promotions/{promotionId}": ONLY_STAFF,
    "DELETE /promotions/{promotionId}": ONLY_STAFF,
    "POST /order/{orderId}/refund": ONLY_STAFF,
    "PATCH /order/{orderId}/shipping-address": (409, "the order has no address"),
    "POST /order/{orderId}/notes": ONLY_STAFF,
    "POST /order/{orderId}/shipments": ONLY_STAFF,
    "POST /order/{orderId}/shipments/{shipmentId}/deliver": ONLY_STAFF,
    "GET /checkout/guest/{orderId}": (404, "its token is that of a guest's order"),
    "POST /checkout/guest/{orderId}/cancel": (404, "its token is that of a guest's order"),
    "POST /order/{orderId}/returns": (400, "who asks chooses the key"),
    "POST /order/{orderId}/returns/{returnId}/approve": ONLY_STAFF,
    "POST /order/{orderId}/returns/{returnId}/reject": ONLY_STAFF,
    "POST /order/{orderId}/returns/{returnId}/receive": ONLY_STAFF,
    "PATCH /user/addresses/{addressId}": (404, "an address of one's own is named"),
    "POST /checkout/webhooks/stripe": ONLY_GATEWAYS,
    "POST /checkout/webhooks/razorpay": ONLY_GATEWAYS,
    "POST /user/password": (401, "the reset before it ended all sessions"),
    "DELETE /user": (401, "a wrong password: it would delete the ready-made account"),
}
METHOD_ORDER = ("POST", "PATCH", "PUT", "GET", "DELETE")
# What takes away what others need comes last, in this order.
LATE = (
    "POST /checkout/guest",
    "DELETE /cart/guest/items/{productId}",
    "DELETE /cart/guest",
    "POST /cart/merge",
    "POST /checkout",
    "DELETE /cart/{productId}",
    "DELETE /cart",
    "POST /order/{orderId}/cancel",
    "POST /order/{orderId}/refund",
    "POST /user/email/verification",
    "POST /user/refresh",
    "POST /user/password/reset",
    "POST /user/password/forgotten",
    "POST /user/password",
    "DELETE /user",
    "POST /user/logout",
)


@pytest.fixture(scope="module")
def facts(shop) -> dict[str, Any]:
    """What the front page says, as JSON."""
    return ok(httpx.get(shop.url, timeout=60))


def test_the_front_page_names_what_runs_and_how_to_begin(shop, facts):
    page = httpx.get(shop.url, headers=HTML, timeout=60)

    assert page.headers["Content-Type"].startswith("text/html")
    assert facts["health"] == dict.fromkeys(SERVICES, "healthy")
    assert set(facts["testCards"]) == set(METHODS)
    shown = [*SERVICES, *METHODS, shop.aws_endpoint, shop.stripe_url, shop.razorpay_url]
    assert [
        text for text in [*shown, 'href="/docs"', 'href="/mail"'] if text not in page.text
    ] == []


@pytest.mark.parametrize("role", ["admin", "customer"])
def test_the_front_page_has_an_account_ready_for_each_role(facts, shop, role):
    (account,) = [each for each in facts["accounts"] if each["role"] == role]
    headers = {"Authorization": f"Bearer {account['token']}"}
    credentials = {"email": account["email"], "password": account["password"]}

    assert ok(httpx.get(f"{shop.url}/user/profile", headers=headers))["role"] == role
    ok(httpx.post(f"{shop.url}/user/login", json=credentials, timeout=40))


def test_the_purchase_of_the_front_page_works_as_it_stands(facts):
    *buying, asking, tracing = [step["command"] for step in facts["purchase"]]
    wait = f"for _ in $(seq 150); do {asking} | grep -q CONFIRMED && break; sleep 0.2; done"
    script = "\n".join(["set -eu -o pipefail", *buying, wait, asking, tracing])

    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert '"status":"CONFIRMED"' in done.stdout
    assert "the execution started" in done.stdout


def test_what_a_customer_is_called_stays_text_in_the_mails(shop):
    email = "nasty@example.com"
    person = {"email": email, "password": "test123", "name": NASTY}
    ok(httpx.post(f"{shop.url}/user/register", json=person, timeout=40), 201)
    mail = poll_until(lambda: links(shop, email), lambda text: "/email/verify#" in text, 30)
    proof = {"token": mail.rpartition("#token=")[2].split()[0], "password": "test123"}
    ok(httpx.post(f"{shop.url}/user/email/verify", json=proof, timeout=40))

    page = poll_until(
        lambda: httpx.get(f"{shop.url}/mail", headers=HTML).text,
        lambda text: f"Hello {NASTY}".replace("<", "&lt;").replace(">", "&gt;") in text,
        30,
    )

    assert NASTY not in page
    mails = ok(httpx.get(f"{shop.url}/mail"))
    about = next(mail for mail in mails if NASTY in mail["body"])
    assert NASTY not in httpx.get(f"{shop.url}/mail/{about['id'][:8]}", headers=HTML).text


def test_a_mail_that_does_not_exist_is_not_found(shop):
    answer = httpx.get(f"{shop.url}/mail/{quote(NASTY, safe='')}", headers=HTML)

    assert answer.status_code == 404
    assert NASTY not in answer.text


@pytest.mark.parametrize("path", ["/", "/mail", "/docs/token/admin", "/docs/openapi/shop.json"])
def test_another_sites_name_for_this_machine_sees_nothing(shop, path):
    answer = httpx.get(shop.url + path, headers={"Host": f"rebound.example:{shop.port}"})

    assert (answer.status_code, answer.json()["Code"]) == (403, "Forbidden")


def test_each_example_in_the_docs_works_as_it_is_prefilled(shop):
    example_orders.prepare(shop)
    customer = Customer.log_in_demo_customer(shop)
    poll_until(
        lambda: {order["status"] for order in ok(customer.http.get("/orders"))},
        lambda statuses: statuses >= {"CONFIRMED", "CREATED"},
        30,
    )
    ok(customer.http.post("/user/password/forgotten", json={"email": customer.email}), 202)
    poll_until(
        lambda: links(shop, customer.email),
        lambda text: "/email/verify#" in text and "/password/reset#" in text,
        30,
    )
    document = ok(httpx.get(f"{shop.url}/docs/openapi/shop.json", timeout=60))
    token = ok(httpx.get(f"{shop.url}/docs/token/customer"))["token"]

    answers = {name: send(shop, token, document, name) for name in operations(document)}

    wrong = {
        name: f"{answer.status_code} {answer.text[:200]}"
        for name, answer in answers.items()
        if not is_expected(name, answer)
    }
    assert wrong == {}


def test_no_example_in_the_docs_names_somebody_else(shop):
    document = ok(httpx.get(f"{shop.url}/docs/openapi/shop.json", timeout=60))
    text = json.dumps(document)

    assert "USER#123" not in text
    assert "PROD#001" not in text


def links(shop, email: str) -> str:
    """The texts of all mails to the address."""
    mails = ok(httpx.get(f"{shop.url}/mail"))
    return " ".join(
        mail["body"] for mail in mails if mail["to"] == email and "#token=" in mail["body"]
    )


def is_expected(name: str, answer: httpx.Response) -> bool:
    """Whether it is a success, or what is documented for an exception."""
    if name in EXCEPTIONS:
        return answer.status_code == EXCEPTIONS[name][0]
    return answer.is_success


def operations(document: dict[str, Any]) -> list[str]:
    names = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    ]
    return sorted(names, key=order)


def order(name: str) -> tuple[int, int]:
    if name in LATE:
        return 1, LATE.index(name)
    return 0, METHOD_ORDER.index(name.partition(" ")[0])


def send(shop, token: str, document: dict[str, Any], name: str) -> httpx.Response:
    """Send what Swagger UI has filled in."""
    method, _, path = name.partition(" ")
    operation = document["paths"][path][method.lower()]
    headers = {"Authorization": f"Bearer {token}"} if operation.get("security") else {}
    for parameter in operation.get("parameters", []):
        value = str(parameter.get("example", "string"))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif parameter["in"] == "header" and "example" in parameter:
            headers[parameter["name"]] = value
    return httpx.request(
        method,
        shop.url + path,
        headers=headers,
        json=prefilled_body(document, operation),
        timeout=60,
    )


def prefilled_body(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    if "example" in content:
        return content["example"]
    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    if "examples" in schema:
        return schema["examples"][0]
    return {name: sample(of) for name, of in schema["properties"].items()}


def sample(schema: dict[str, Any]) -> Any:
    """What Swagger UI makes up for a property without an example."""
    if "default" in schema:
        return schema["default"]
    return {"integer": 0, "number": 0, "boolean": True}.get(schema.get("type", ""), "string")
