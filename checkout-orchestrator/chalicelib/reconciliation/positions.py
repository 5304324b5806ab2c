"""Where a reconciliation is: what `next` of its report says."""

import msgspec

from chalicelib.reconciliation.errors import PositionInvalid


class StockSums(msgspec.Struct, omit_defaults=True):
    """What is added up for a group of products, and how far.

    By product: its row when the sums began, and what orders reserve, have bought, and what the
    ledger says came. `products` and `cursor` are where the next group and the next rows begin.
    """

    rows: dict[str, str] = {}
    reserved: dict[str, int] = {}
    sold: dict[str, int] = {}
    moved: dict[str, int] = {}
    products: str | None = None
    table: str = "Reservations"
    cursor: str | None = None


class Position(msgspec.Struct, omit_defaults=True):
    """A place in the lists: the source, its page, and the page's last checked order.

    `listed` is the sum of the checksums of the orders whose intent a gateway has listed, `covered`
    that of the orders that were left to it: the same orders have the same sum.
    """

    source: str | None = None
    cursor: str | None = None
    after: str = ""
    listed: int = 0
    covered: int = 0
    stock: StockSums | None = None


def parse_position(text: str | None) -> Position:
    """Parse `next`. The beginning without one. Raises: PositionInvalid."""
    try:
        return msgspec.json.decode(text, type=Position) if text else Position()
    except msgspec.DecodeError as exc:
        raise PositionInvalid(f"next: not of an earlier report: {exc}") from exc


def format_position(position: Position | None) -> str | None:
    """Format as `next`, None at the end."""
    return msgspec.json.encode(position).decode() if position else None
