"""The routes of staff for what the price of an order is made from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from chalice import ChaliceViewError

from chalicelib.configuration.errors import ConfigurationContended, IdempotencyKeyReused
from chalicelib.configuration.schemas import PageQuery
from chalicelib.promotions import errors as promotion_errors
from chalicelib.promotions.schemas import NewPromotion, PromotionPatch, PromotionView
from chalicelib.shipping import errors as shipping_errors
from chalicelib.shipping.schemas import NewShippingMethod, ShippingMethodPatch, ShippingMethodView
from chalicelib.taxes import errors as tax_errors
from chalicelib.taxes.schemas import NewTaxRate, TaxRatePatch, TaxRateView
from common import lazy_imports
from common.api import Api, Request
from common.pages import InvalidCursor, Page
from common.roles import Scope

with lazy_imports.until_first_use():
    from chalicelib.promotions import service as promotions
    from chalicelib.shipping import service as shipping
    from chalicelib.taxes import service as taxes

Errors = Sequence[type[ChaliceViewError]]


@dataclass(frozen=True)
class Resource:
    """A table that staff list, and whose rows they create, change and delete."""

    path: str
    row_path: str
    name: str
    new: type[msgspec.Struct]
    patch: type[msgspec.Struct]
    view: type[msgspec.Struct]
    not_found: type[ChaliceViewError]
    create_errors: Errors
    service: Callable[[], "Service"]
    on_delete: str = "Orders keep their copy. Repeating it changes nothing."


@dataclass(frozen=True)
class Service:
    """The verbs of a resource."""

    list: Callable[[PageQuery], Page[Any]]
    create: Callable[[Any, str, str | None], Any]
    change: Callable[[str, Any], Any]
    delete: Callable[[str], None]


RESOURCES = (
    Resource(
        "/shipping-methods",
        "/shipping-methods/{method_id}",
        "shipping method",
        NewShippingMethod,
        ShippingMethodPatch,
        ShippingMethodView,
        shipping_errors.ShippingMethodNotFound,
        [shipping_errors.TooManyShippingMethods],
        lambda: Service(
            shipping.list_methods,
            shipping.create_method,
            shipping.change_method,
            shipping.delete_method,
        ),
    ),
    Resource(
        "/tax-rates",
        "/tax-rates/{rate_id}",
        "tax rate",
        NewTaxRate,
        TaxRatePatch,
        TaxRateView,
        tax_errors.TaxRateNotFound,
        [tax_errors.TaxRateExists],
        lambda: Service(taxes.list_rates, taxes.create_rate, taxes.change_rate, taxes.delete_rate),
    ),
    Resource(
        "/promotions",
        "/promotions/{promotion_id}",
        "promotion",
        NewPromotion,
        PromotionPatch,
        PromotionView,
        promotion_errors.PromotionNotFound,
        [promotion_errors.CouponCodeTaken, promotion_errors.TooManyPromotions],
        lambda: Service(
            promotions.list_promotions,
            promotions.create_promotion,
            promotions.change_promotion,
            promotions.delete_promotion,
        ),
        "Orders keep what they were placed with. Its code stays taken.",
    ),
)


def declare(api: Api) -> None:
    """Declare the four routes of each resource."""
    for resource in RESOURCES:
        _declare_list(api, resource)
        _declare_create(api, resource)
        _declare_change(api, resource)
        _declare_delete(api, resource)


def _declare_list(api: Api, resource: Resource) -> None:
    @api.get(
        resource.path,
        operation_id=_operation("list", f"{resource.name}s"),
        scope=Scope.SETTINGS_WRITE,
        summary=f"List {resource.name}s",
        description="In no particular order.",
        query=PageQuery,
        returns=Page[resource.view],  # type: ignore[name-defined]
        errors=[InvalidCursor],
    )
    def list_rows(request: Request[PageQuery]) -> Page[Any]:
        return resource.service().list(request.query)


def _declare_create(api: Api, resource: Resource) -> None:
    @api.post(
        resource.path,
        operation_id=_operation("create", resource.name),
        scope=Scope.SETTINGS_WRITE,
        summary=f"Create a {resource.name}",
        body=resource.new,
        returns=resource.view,
        status=201,
        errors=[
            *resource.create_errors,
            resource.not_found,
            IdempotencyKeyReused,
            ConfigurationContended,
        ],
        idempotency_key=True,
    )
    def create_row(request: Request[Any]) -> Any:
        admin_id = request.caller.user_id
        return resource.service().create(request.body, admin_id, request.idempotency_key)


def _declare_change(api: Api, resource: Resource) -> None:
    @api.patch(
        resource.row_path,
        operation_id=_operation("change", resource.name),
        scope=Scope.SETTINGS_WRITE,
        summary=f"Change a {resource.name}",
        description="Fields that are left out stay. Orders keep what they were placed with.",
        body=resource.patch,
        returns=resource.view,
        errors=[resource.not_found, ConfigurationContended],
    )
    def change_row(request: Request[Any], **parameters: str) -> Any:
        (row_id,) = parameters.values()
        return resource.service().change(row_id, request.body)


def _declare_delete(api: Api, resource: Resource) -> None:
    @api.delete(
        resource.row_path,
        operation_id=_operation("delete", resource.name),
        scope=Scope.SETTINGS_WRITE,
        summary=f"Delete a {resource.name}",
        description=resource.on_delete,
        status=204,
        errors=[ConfigurationContended],
    )
    def delete_row(request: Request[None], **parameters: str) -> None:
        (row_id,) = parameters.values()
        resource.service().delete(row_id)


def _operation(verb: str, name: str) -> str:
    return verb + "".join(word.capitalize() for word in name.split())
