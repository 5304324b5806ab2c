"""Who may call which route: tests/access holds it, docs/access.md shows it."""

from dataclasses import dataclass
from enum import StrEnum

from common.roles import Scope

Way = tuple[str, str]


class Who(StrEnum):
    """Who is not refused."""

    ANYBODY = "anybody"
    BEARER = "holders of the secret in the request"
    GATEWAY = "the payment gateway, by its signature"
    CUSTOMER = "any authenticated caller"
    STAFF = "staff with the scope"


@dataclass(frozen=True)
class Right:
    """Who may call a route, and whether it names something that has an owner."""

    who: Who
    owned: bool = False
    scope: Scope | None = None


def staff(scope: Scope) -> Right:
    """Staff with this scope, and nobody else."""
    return Right(Who.STAFF, scope=scope)


def customer(on_behalf: Scope) -> Right:
    """Customers for themselves, and staff with this scope for anybody."""
    return Right(Who.CUSTOMER, scope=on_behalf)


def owner(on_behalf: Scope) -> Right:
    """The owner of what the path names, and staff with this scope."""
    return Right(Who.CUSTOMER, owned=True, scope=on_behalf)


ANYBODY, BEARER, GATEWAY = Right(Who.ANYBODY), Right(Who.BEARER), Right(Who.GATEWAY)
CUSTOMER, OWNER = Right(Who.CUSTOMER), Right(Who.CUSTOMER, owned=True)

# tests/access fails for a route that is missing here, or whose authorizer differs.
RIGHTS: dict[str, dict[Way, Right]] = {
    "user-service": {
        ("POST", "/user/register"): ANYBODY,
        ("POST", "/user/login"): ANYBODY,
        ("POST", "/user/refresh"): BEARER,
        ("POST", "/user/logout"): CUSTOMER,
        ("GET", "/user/profile"): customer(Scope.CUSTOMERS_READ),
        ("GET", "/users"): staff(Scope.CUSTOMERS_READ),
        ("PATCH", "/user/profile"): CUSTOMER,
        ("POST", "/user/password"): CUSTOMER,
        ("POST", "/user/password/forgotten"): ANYBODY,
        ("POST", "/user/password/reset"): BEARER,
        ("POST", "/user/email/verification"): CUSTOMER,
        ("POST", "/user/email/verify"): BEARER,
        ("GET", "/user/addresses"): CUSTOMER,
        ("POST", "/user/addresses"): CUSTOMER,
        ("PATCH", "/user/addresses/{address_id}"): OWNER,
        ("DELETE", "/user/addresses/{address_id}"): OWNER,
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
        ("GET", "/products/all"): staff(Scope.PRODUCTS_WRITE),
        ("GET", "/products/all/{product_id}"): staff(Scope.PRODUCTS_WRITE),
        ("POST", "/categories"): staff(Scope.PRODUCTS_WRITE),
        ("PATCH", "/categories/{slug}"): staff(Scope.PRODUCTS_WRITE),
        ("DELETE", "/categories/{slug}"): staff(Scope.PRODUCTS_WRITE),
        ("POST", "/product"): staff(Scope.PRODUCTS_WRITE),
        ("POST", "/product/{product_id}/variants"): staff(Scope.PRODUCTS_WRITE),
        ("PATCH", "/product/{product_id}"): staff(Scope.PRODUCTS_WRITE),
        ("DELETE", "/product/{product_id}"): staff(Scope.PRODUCTS_WRITE),
        ("PUT", "/product/{product_id}/stock"): staff(Scope.STOCK_WRITE),
        ("POST", "/products/imports"): staff(Scope.PRODUCTS_WRITE),
        ("POST", "/products/imports/{import_id}/start"): staff(Scope.PRODUCTS_WRITE),
        ("GET", "/products/imports/{import_id}"): staff(Scope.PRODUCTS_WRITE),
        ("PATCH", "/product/{product_id}/stock"): staff(Scope.STOCK_WRITE),
        ("POST", "/product/{product_id}/stock/adjust"): staff(Scope.STOCK_WRITE),
        ("GET", "/product/{product_id}/stock/movements"): staff(Scope.STOCK_READ),
    },
    "cart-service": {
        ("POST", "/cart"): customer(Scope.ORDERS_WRITE),
        ("GET", "/cart"): customer(Scope.ORDERS_READ),
        ("PATCH", "/cart/{product_id}"): customer(Scope.ORDERS_WRITE),
        ("DELETE", "/cart/{product_id}"): customer(Scope.ORDERS_WRITE),
        ("DELETE", "/cart"): customer(Scope.ORDERS_WRITE),
        ("POST", "/cart/merge"): customer(Scope.ORDERS_WRITE),
        ("POST", "/cart/guest"): ANYBODY,
        ("GET", "/cart/guest"): BEARER,
        ("POST", "/cart/guest/items"): BEARER,
        ("PATCH", "/cart/guest/items/{product_id}"): BEARER,
        ("DELETE", "/cart/guest/items/{product_id}"): BEARER,
        ("DELETE", "/cart/guest"): BEARER,
    },
    "order-service": {
        ("POST", "/order"): customer(Scope.ORDERS_WRITE),
        ("POST", "/order/quote"): ANYBODY,
        ("GET", "/order/{order_id}"): owner(Scope.ORDERS_READ),
        ("GET", "/order/{order_id}/invoice"): owner(Scope.ORDERS_READ),
        ("GET", "/orders"): customer(Scope.ORDERS_READ),
        ("POST", "/order/{order_id}/cancel"): owner(Scope.ORDERS_WRITE),
        ("PATCH", "/order/{order_id}/shipping-address"): owner(Scope.ORDERS_WRITE),
        ("POST", "/order/{order_id}/notes"): staff(Scope.ORDERS_WRITE),
        ("GET", "/order/{order_id}/history"): owner(Scope.ORDERS_READ),
        ("POST", "/order/{order_id}/refund"): staff(Scope.REFUNDS_WRITE),
        ("POST", "/order/{order_id}/shipments"): staff(Scope.SHIPMENTS_WRITE),
        ("POST", "/order/{order_id}/shipments/{shipment_id}/deliver"): staff(Scope.SHIPMENTS_WRITE),
        ("POST", "/order/{order_id}/returns"): owner(Scope.RETURNS_WRITE),
        ("POST", "/order/{order_id}/returns/{return_id}/approve"): staff(Scope.RETURNS_WRITE),
        ("POST", "/order/{order_id}/returns/{return_id}/reject"): staff(Scope.RETURNS_WRITE),
        ("POST", "/order/{order_id}/returns/{return_id}/receive"): staff(Scope.RETURNS_WRITE),
        ("GET", "/shipping-methods"): staff(Scope.SETTINGS_WRITE),
        ("POST", "/shipping-methods"): staff(Scope.SETTINGS_WRITE),
        ("PATCH", "/shipping-methods/{method_id}"): staff(Scope.SETTINGS_WRITE),
        ("DELETE", "/shipping-methods/{method_id}"): staff(Scope.SETTINGS_WRITE),
        ("GET", "/tax-rates"): staff(Scope.SETTINGS_WRITE),
        ("POST", "/tax-rates"): staff(Scope.SETTINGS_WRITE),
        ("PATCH", "/tax-rates/{rate_id}"): staff(Scope.SETTINGS_WRITE),
        ("DELETE", "/tax-rates/{rate_id}"): staff(Scope.SETTINGS_WRITE),
        ("GET", "/promotions"): staff(Scope.SETTINGS_WRITE),
        ("POST", "/promotions"): staff(Scope.SETTINGS_WRITE),
        ("PATCH", "/promotions/{promotion_id}"): staff(Scope.SETTINGS_WRITE),
        ("DELETE", "/promotions/{promotion_id}"): staff(Scope.SETTINGS_WRITE),
    },
    "checkout-orchestrator": {
        ("POST", "/checkout"): OWNER,
        ("GET", "/checkout/{order_id}"): owner(Scope.ORDERS_READ),
        ("GET", "/notifications"): staff(Scope.ORDERS_READ),
        ("POST", "/checkout/webhooks/stripe"): GATEWAY,
        ("POST", "/checkout/webhooks/razorpay"): GATEWAY,
    },
    "analytics-service": {
        ("GET", "/analytics/events"): staff(Scope.EVENTS_READ),
        ("GET", "/analytics/reports"): staff(Scope.REPORTS_READ),
    },
}
