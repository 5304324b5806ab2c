"""What Stripe does not have: the customer at the bank's page, the gateway's faults, and its books, for tests and a curious developer."""

from typing import TYPE_CHECKING, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.stripe import intents
from localcloud.stripe.errors import StripeError
from localcloud.stripe.switches import Switches

if TYPE_CHECKING:
    from localcloud.stripe.gateway import Gateway


class Controlled(Protocol):
    """What a stand-in lets others do to it."""

    switches: Switches

    def reset(self) -> None:
        """Empty books, no faults."""

    def forget_keys(self) -> None:
        """Know no idempotency key any more."""

    def totals(self) -> dict[str, dict[str, int]]:
        """By order: captured, refunded, intents."""


_VERDICTS = {"approve": intents.approved, "refuse": intents.refused, "process": intents.processing}


def routes(gateway: "Gateway") -> list[Route]:
    """The ways in under /_control, ahead of Stripe's own."""

    async def fail_refund(request: Request) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(gateway.fail_refund, request.path_params["id"]))
        except StripeError as problem:
            return JSONResponse(problem.body, problem.status)

    async def decide(request: Request) -> Response:
        verb = _VERDICTS.get(request.path_params["verdict"])
        if verb is None:
            return JSONResponse({"error": f"expected one of {', '.join(_VERDICTS)}"}, 404)
        try:
            changed = await run_in_threadpool(gateway.change, request.path_params["id"], verb)
        except StripeError as problem:
            return JSONResponse(problem.body, problem.status)
        return JSONResponse(changed)

    return [
        Route("/_control/payment_intents/{id}/{verdict:str}", decide, methods=["POST"]),
        Route("/_control/refunds/{id}/fail", fail_refund, methods=["POST"]),
        *faults_and_books(gateway),
    ]


def faults_and_books(gateway: Controlled) -> list[Route]:
    """The ways in that every stand-in has."""

    async def switches(request: Request) -> Response:
        try:
            if request.method == "POST":
                gateway.switches.set(**await request.json())
        except (ValueError, TypeError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        return JSONResponse(vars(gateway.switches))

    async def reset_switches(request: Request) -> Response:
        gateway.switches.reset()
        return JSONResponse(vars(gateway.switches))

    async def reset(request: Request) -> Response:
        await run_in_threadpool(gateway.reset)
        return JSONResponse({})

    async def forget_keys(request: Request) -> Response:
        await run_in_threadpool(gateway.forget_keys)
        return JSONResponse({})

    async def totals(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(gateway.totals))

    return [
        Route("/_control/switches", switches, methods=["GET", "POST"]),
        Route("/_control/switches/reset", reset_switches, methods=["POST"]),
        Route("/_control/reset", reset, methods=["POST"]),
        Route("/_control/forget-keys", forget_keys, methods=["POST"]),
        Route("/_control/totals", totals),
    ]
