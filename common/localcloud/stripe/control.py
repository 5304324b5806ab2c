"""What Stripe does not have: the customer at the bank's page, the gateway's faults, and its books, for tests and a curious developer."""

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.stripe import intents
from localcloud.stripe.errors import StripeError

if TYPE_CHECKING:
    from localcloud.stripe.server import Gateway


def routes(gateway: "Gateway") -> list[Route]:
    """POST approve and refuse for an intent, POST switches and its reset, GET totals; ahead of Stripe's own."""

    async def decide(request: Request) -> Response:
        verdict = intents.approved if request.path_params["verdict"] == "approve" else intents.refused
        try:
            changed = await run_in_threadpool(gateway.change, request.path_params["id"], verdict)
        except StripeError as problem:
            return JSONResponse(problem.body, problem.status)
        return JSONResponse(changed)

    async def set_switches(request: Request) -> Response:
        try:
            gateway.switches.set(**await request.json())
        except (ValueError, TypeError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        return JSONResponse(vars(gateway.switches))

    async def reset_switches(request: Request) -> Response:
        gateway.switches.reset()
        return JSONResponse(vars(gateway.switches))

    async def show_totals(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(totals, gateway))

    return [
        Route("/_control/payment_intents/{id}/{verdict:str}", decide, methods=["POST"]),
        Route("/_control/switches", set_switches, methods=["POST"]),
        Route("/_control/switches/reset", reset_switches, methods=["POST"]),
        Route("/_control/totals", show_totals),
    ]


def totals(gateway: "Gateway") -> dict[str, Any]:
    """By order: minor units captured and refunded, and how many intents there are."""
    found: dict[str, Any] = {}
    for intent in gateway.store.all("payment_intent"):
        order_id = intent["metadata"].get("orderId", "")
        row = found.setdefault(order_id, {"captured": 0, "refunded": 0, "intents": 0})
        row["captured"] += intent["amount_received"]
        row["refunded"] += gateway.refunded(intent["id"])
        row["intents"] += 1
    return found
