"""What Razorpay does not have: the customer in its checkout, its faults, and its books, for tests and a curious developer."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devcloud.gateways.control import faults_and_books
from devcloud.razorpay.errors import RazorpayError

if TYPE_CHECKING:
    from devcloud.razorpay.gateway import Gateway


def routes(gateway: "Gateway") -> list[Route]:
    """The ways in under /_control, ahead of Razorpay's own."""
    verdicts: dict[str, Callable[[str], dict[str, Any]]] = {
        "approve": gateway.approve,
        "authorize": gateway.authorize,
        "refuse": gateway.refuse,
        "fail": partial(gateway.refuse, soft=True),
    }

    async def decide(request: Request) -> Response:
        verb = verdicts.get(request.path_params["verdict"])
        if verb is None:
            return JSONResponse({"error": f"expected one of {', '.join(verdicts)}"}, 404)
        try:
            return JSONResponse(await run_in_threadpool(verb, request.path_params["id"]))
        except RazorpayError as problem:
            return JSONResponse(problem.body, problem.status)

    async def fail_refund(request: Request) -> Response:
        try:
            return JSONResponse(
                await run_in_threadpool(gateway.fail_refund, request.path_params["id"])
            )
        except RazorpayError as problem:
            return JSONResponse(problem.body, problem.status)

    return [
        Route("/_control/orders/{id}/{verdict:str}", decide, methods=["POST"]),
        Route("/_control/refunds/{id}/fail", fail_refund, methods=["POST"]),
        *faults_and_books(gateway),
    ]
