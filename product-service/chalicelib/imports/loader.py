"""Creates a product of a file, or changes the one that is known."""

import re
from typing import Any

import msgspec
from chalice import BadRequestError, ConflictError, NotFoundError
from msgspec import UNSET

from chalicelib.imports.results import Change, Result
from chalicelib.imports.source_products import Problem, SourceProduct
from chalicelib.imports.statuses import Outcome
from chalicelib.products import changes, creation, lookups, product_ids, rows
from chalicelib.products.models import Claim, Product
from chalicelib.products.schemas import MAX_NEW_VARIANTS, NewProduct, NewVariant, ProductPatch
from common import dynamodb, ids, money
from common.schemas import BodyTooLarge, parse_body

_PATCHED = (
    *("name", "description", "category", "categories", "slug", "status", "attributes"),
    *("taxClass", "weightGrams", "compareAtPrice", "price"),
)
_OF_VARIANTS = ("price", "compareAtPrice", "weightGrams")
_ATTRIBUTES = {"price": "price_minor", "compareAtPrice": "compare_at_minor"}
_VARIANT = re.compile(r"variants\[(\d+)\]")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Loader:
    """Loads the products of one import, or only says what that would do."""

    def __init__(self, import_id: str, admin_id: str, dry_run: bool) -> None:
        self._import_id, self._admin_id, self._dry_run = import_id, admin_id, dry_run

    def load(self, draft: SourceProduct) -> Result:
        """Create the product, or change what differs but for the stock. Idempotent.

        Raises: ProductContended, which a repeat overcomes.
        """
        try:
            return self._load(draft)
        except (BadRequestError, ConflictError, NotFoundError, BodyTooLarge) as exc:
            return Result(draft.line, Outcome.REFUSED, problems=[_problem(draft, str(exc))])

    def _load(self, draft: SourceProduct) -> Result:
        variants = [_parse(one, NewVariant) for one in draft.body.get("variants", [])]
        first = {**draft.body, "variants": draft.body.get("variants", [])[:MAX_NEW_VARIANTS]}
        request = _parse(first, NewProduct)
        known = _find_known(request, variants)
        key = f"{self._import_id}/{draft.line}"
        if known is None or known.product_id == self._id_of_new(request, key):
            return self._create(draft, request, variants, key)
        return self._update(draft, known, variants)

    def _id_of_new(self, request: NewProduct, key: str) -> str:
        prefix = product_ids.PARENT if request.variants else product_ids.PRODUCT
        return ids.deterministic(prefix, self._admin_id, key)

    def _create(
        self, draft: SourceProduct, request: NewProduct, variants: list[NewVariant], key: str
    ) -> Result:
        """Create it, also if an earlier attempt began that."""
        if self._dry_run:
            return Result(draft.line, Outcome.CREATED)
        product_id = creation.create_product(request, self._admin_id, key).product_id
        for variant in variants[MAX_NEW_VARIANTS:]:
            creation.add_variant(product_id, variant, self._admin_id)
        return Result(draft.line, Outcome.CREATED, product_id)

    def _update(self, draft: SourceProduct, known: Product, variants: list[NewVariant]) -> Result:
        if bool(variants) != product_ids.is_parent(known.product_id):
            raise ConflictError("sku: is of a product with other variants; expected the same kind")
        fields = [name for name in _PATCHED if name in draft.body]
        made = self._change(known, {name: draft.body[name] for name in fields}, draft.line)
        for variant, body, line in zip(
            variants, draft.body.get("variants", ()), draft.variant_lines, strict=True
        ):
            made += self._load_variant(known, variant, body, line)
        outcome = Outcome.UPDATED if made else Outcome.UNCHANGED
        return Result(draft.line, outcome, known.product_id, made)

    def _load_variant(
        self, parent: Product, request: NewVariant, body: dict[str, Any], line: int
    ) -> list[Change]:
        stored = dynamodb.find(Product, rows.new_variant(parent, request).product_id)
        if stored is None:
            if not self._dry_run:
                creation.add_variant(parent.product_id, request, self._admin_id)
            return [Change(line, "variant", "", ", ".join(request.options.values()))]
        return self._change(
            stored, {name: body[name] for name in _OF_VARIANTS if name in body}, line
        )

    def _change(self, product: Product, body: dict[str, Any], line: int) -> list[Change]:
        """Change the fields that differ. Returns them."""
        differing = _differences(product, body, line) if body else []
        if differing and not self._dry_run:
            names = {one.field for one in differing}
            patch = {name: value for name, value in body.items() if name in names}
            changes.change_product(product.product_id, _parse(patch, ProductPatch))
        return differing


def _differences(product: Product, body: dict[str, Any], line: int) -> list[Change]:
    patch = _parse(body, ProductPatch)
    changes.validate(product, patch)
    values = changes.new_values(product, patch)
    differing = []
    for name in body:
        attribute = _ATTRIBUTES.get(name) or _snake(name)
        before = _shown(product, attribute, getattr(product, attribute))
        after = _shown(product, attribute, values[attribute])
        if before != after:
            differing.append(Change(line, name, before, after))
    return differing


def _shown(product: Product, attribute: str, value: Any) -> str:
    if value is None or value is UNSET:
        return ""
    if attribute.endswith("_minor"):
        return str(money.decimal(value, product.currency))
    if attribute == "attributes":
        return "; ".join(f"{row.name}: {row.label or row.value}" for row in value)
    return ", ".join(value) if isinstance(value, list) else str(value)


def _find_known(request: NewProduct, variants: list[NewVariant]) -> Product | None:
    """Return the product, or the parent, that has a SKU of the file, or its slug."""
    skus = [sku for sku in (request.sku, *(one.sku for one in variants)) if sku]
    keys = [Claim.sku(sku) for sku in skus]
    keys += [Claim.slug(request.slug)] if request.slug else []
    if not keys:
        raise BadRequestError("sku: is empty; expected a SKU, or a slug, to find the product by")
    for key in keys:
        claim = dynamodb.find(Claim, key)
        if claim and claim.owner_id:
            owner = lookups.get_product(claim.owner_id)
            return lookups.get_product(owner.parent_id) if owner.parent_id else owner
    return None


def _parse(body: dict[str, Any], shape: Any) -> Any:
    """Raises: InvalidBody, BodyTooLarge."""
    return parse_body(_ENCODER.encode(body), shape)


def _problem(draft: SourceProduct, message: str) -> Problem:
    """Name the line and the column that an error of the API is about."""
    field, _, rest = message.removeprefix("BadRequestError: ").partition(": ")
    match = _VARIANT.match(field)
    line = draft.variant_lines[int(match[1])] if match else draft.line
    name = re.split(r"[.\[]", field.rpartition(".")[2] if match else field)[0]
    column = draft.columns.get(name, "")
    return Problem(line, column, rest if column and rest else message)


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)
