"""What Stripe does not have: the customer at the bank's page, the gateway's faults, and its books, for tests and a curious developer."""

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devcloud.gateways.control import faults_and_books
from devcloud.stripe import intents
from devcloud.stripe.errors import StripeError

if TYPE_CHECKING:
    from devcloud.stripe.gateway import Gateway


_VERDICTS = {"approve": intents.approved, "refuse": intents.refused, "process": intents.processing}


def routes(gateway: "Gateway") -> list[Route]:
    """The ways in under /_control, ahead of Stripe's own."""

    async def fail_refund(request: Request) -> Response:
        try:
            return JSONResponse(
                await run_in_threadpool(gateway.fail_refund, request.path_params["id"])
            )
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
