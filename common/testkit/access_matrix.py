"""Who may call which route: tests/access holds it, docs/access.md shows it."""

from dataclasses import dataclass
from enum import StrEnum

Way = tuple[str, str]


class Who(StrEnum):
    """Who is not refused."""

    ANYBODY = "anybody"
    BEARER = "holders of the secret in the request"
    GATEWAY = "the payment gateway, by its signature"
    CUSTOMER = "any authenticated caller"
    ADMIN = "admins"


@dataclass(frozen=True)
class Right:
    """Who may call a route, and whether it names something that has an owner."""

    who: Who
    owned: bool = False


ANYBODY, BEARER, GATEWAY = Right(Who.ANYBODY), Right(Who.BEARER), Right(Who.GATEWAY)
CUSTOMER, OWNER, ADMIN = Right(Who.CUSTOMER), Right(Who.CUSTOMER, owned=True), Right(Who.ADMIN)

# tests/access fails for a route that is missing here, or whose authorizer differs.
RIGHTS: dict[str, dict[Way, Right]] = {
    "user-service": {
        ("POST", "/user/register"): ANYBODY,
        ("POST", "/user/login"): ANYBODY,
        ("POST", "/user/refresh"): BEARER,
        ("POST", "/user/logout"): CUSTOMER,
        ("GET", "/user/profile"): CUSTOMER,
        ("PATCH", "/user/profile"): CUSTOMER,
        ("POST", "/user/password"): CUSTOMER,
        ("POST", "/user/password/forgotten"): ANYBODY,
        ("POST", "/user/password/reset"): BEARER,
        ("POST", "/user/email/verification"): CUSTOMER,
        ("POST", "/user/email/verify"): BEARER,
        ("GET", "/user/export"): CUSTOMER,
        ("DELETE", "/user"): CUSTOMER,
        ("GET", "/user/.well-known/jwks.json"): ANYBODY,
    },
    "product-service": {
        ("GET", "/products"): ANYBODY,
        ("GET", "/product"): ANYBODY,
        ("GET", "/product/{product_id}"): ANYBODY,
        ("GET", "/products/facets"): ANYBODY,
        ("GET", "/products/suggest"): ANYBODY,
        ("GET", "/categories"): ANYBODY,
        ("GET", "/products/all"): ADMIN,
        ("GET", "/products/all/{product_id}"): ADMIN,
        ("POST", "/categories"): ADMIN,
        ("PATCH", "/categories/{slug}"): ADMIN,
        ("DELETE", "/categories/{slug}"): ADMIN,
        ("POST", "/product"): ADMIN,
        ("POST", "/product/{product_id}/variants"): ADMIN,
        ("PATCH", "/product/{product_id}"): ADMIN,
        ("DELETE", "/product/{product_id}"): ADMIN,
        ("PUT", "/product/{product_id}/stock"): ADMIN,
        ("POST", "/product/{product_id}/stock/adjust"): ADMIN,
        ("GET", "/product/{product_id}/stock/movements"): ADMIN,
    },
    "cart-service": {
        ("POST", "/cart"): CUSTOMER,
        ("GET", "/cart"): CUSTOMER,
        ("PATCH", "/cart/{product_id}"): CUSTOMER,
        ("DELETE", "/cart/{product_id}"): CUSTOMER,
        ("DELETE", "/cart"): CUSTOMER,
        ("POST", "/cart/merge"): CUSTOMER,
        ("POST", "/cart/guest"): ANYBODY,
        ("GET", "/cart/guest"): BEARER,
        ("POST", "/cart/guest/items"): BEARER,
        ("PATCH", "/cart/guest/items/{product_id}"): BEARER,
        ("DELETE", "/cart/guest/items/{product_id}"): BEARER,
        ("DELETE", "/cart/guest"): BEARER,
    },
    "order-service": {
        ("POST", "/order"): CUSTOMER,
        ("POST", "/order/quote"): ANYBODY,
        ("GET", "/order/{order_id}"): OWNER,
        ("GET", "/orders"): CUSTOMER,
        ("POST", "/order/{order_id}/cancel"): OWNER,
        ("POST", "/order/{order_id}/refund"): ADMIN,
        ("GET", "/shipping-methods"): ADMIN,
        ("POST", "/shipping-methods"): ADMIN,
        ("PATCH", "/shipping-methods/{method_id}"): ADMIN,
        ("DELETE", "/shipping-methods/{method_id}"): ADMIN,
        ("GET", "/tax-rates"): ADMIN,
        ("POST", "/tax-rates"): ADMIN,
        ("PATCH", "/tax-rates/{rate_id}"): ADMIN,
        ("DELETE", "/tax-rates/{rate_id}"): ADMIN,
        ("GET", "/promotions"): ADMIN,
        ("POST", "/promotions"): ADMIN,
        ("PATCH", "/promotions/{promotion_id}"): ADMIN,
        ("DELETE", "/promotions/{promotion_id}"): ADMIN,
    },
    "checkout-orchestrator": {
        ("POST", "/checkout"): OWNER,
        ("GET", "/checkout/{order_id}"): OWNER,
        ("POST", "/checkout/webhooks/stripe"): GATEWAY,
        ("POST", "/checkout/webhooks/razorpay"): GATEWAY,
    },
    "analytics-service": {
        ("GET", "/analytics/events"): ADMIN,
        ("GET", "/analytics/reports"): ADMIN,
    },
}
