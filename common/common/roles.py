"""Roles of people, and the scopes that each of them has."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """What staff may do. `:read` looks, `:write` changes."""

    CUSTOMERS_READ = "customers:read"
    EVENTS_READ = "events:read"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    PRODUCTS_WRITE = "products:write"
    REFUNDS_WRITE = "refunds:write"
    REPORTS_READ = "reports:read"
    RETURNS_WRITE = "returns:write"
    SETTINGS_WRITE = "settings:write"
    SHIPMENTS_WRITE = "shipments:write"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"


class Role(StrEnum):
    """Who somebody is. Customers have no scope: they act on what is their own."""

    CUSTOMER = "customer"
    SUPPORT = "support"
    WAREHOUSE = "warehouse"
    CATALOGUE = "catalogue"
    FINANCE = "finance"
    ADMIN = "admin"


SCOPES: dict[Role, frozenset[Scope]] = {
    Role.CUSTOMER: frozenset(),
    Role.SUPPORT: frozenset(
        {Scope.CUSTOMERS_READ, Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.RETURNS_WRITE}
    ),
    Role.WAREHOUSE: frozenset(
        {Scope.ORDERS_READ, Scope.SHIPMENTS_WRITE, Scope.STOCK_READ, Scope.STOCK_WRITE}
    ),
    Role.CATALOGUE: frozenset({Scope.PRODUCTS_WRITE, Scope.STOCK_READ, Scope.STOCK_WRITE}),
    Role.FINANCE: frozenset({Scope.ORDERS_READ, Scope.REFUNDS_WRITE, Scope.REPORTS_READ}),
    Role.ADMIN: frozenset(Scope),
}
STAFF = frozenset(role for role, scopes in SCOPES.items() if scopes)


def scopes_of(role: str, granted: Iterable[str] | None = None) -> frozenset[Scope]:
    """Return the scopes of a token: those granted, or the role's if it names none.

    Tokens from before there were scopes name none. Unknown scopes, of a newer release, are left
    out.
    """
    if granted is None:
        return SCOPES[Role(role)]
    return frozenset(Scope(scope) for scope in granted if scope in set(Scope))


def roles_with(scope: Scope) -> list[Role]:
    """Return the roles that have a scope."""
    return [role for role, scopes in SCOPES.items() if scope in scopes]
