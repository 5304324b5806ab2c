"""The routes under /_control: decisions of customer and bank, faults, totals."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devcloud.gateways.errors import GatewayError
from devcloud.gateways.fake import FakeGateway


def control_routes(gateway: FakeGateway) -> list[Route]:
    """Return what a fake offers to tests and developers beside the gateway's own API."""
    decisions = gateway.decisions()

    async def decide(request: Request) -> Response:
        decision = decisions.get(request.path_params["decision"])
        if decision is None:
            return JSONResponse({"error": f"expected one of {', '.join(decisions)}"}, 404)
        return await _respond(decision, request.path_params["id"])

    async def fail_refund(request: Request) -> Response:
        return await _respond(gateway.fail_refund, request.path_params["id"])

    async def refund_at_dashboard(request: Request) -> Response:
        amount = request.query_params.get("amount")
        identifier = request.path_params["id"]
        return await _respond(
            gateway.refund_at_dashboard, identifier, int(amount) if amount else None
        )

    async def dispute(request: Request) -> Response:
        status = request.path_params["status"]
        if status not in ("open", "won", "lost"):
            return JSONResponse({"error": "expected one of open, won, lost"}, 404)
        return await _respond(gateway.dispute, request.path_params["id"], status)

    async def totals(request: Request) -> Response:
        return await _respond(gateway.totals)

    async def reset(request: Request) -> Response:
        await run_in_threadpool(gateway.reset)
        return JSONResponse({})

    async def forget_keys(request: Request) -> Response:
        await run_in_threadpool(gateway.forget_keys)
        return JSONResponse({})

    payable = f"/_control/{gateway.payable_path}/{{id}}"
    return [
        Route(f"{payable}/refund", refund_at_dashboard, methods=["POST"]),
        Route(f"{payable}/dispute/{{status}}", dispute, methods=["POST"]),
        Route(
            f"/_control/{gateway.payable_path}/{{id}}/{{decision:str}}", decide, methods=["POST"]
        ),
        Route("/_control/refunds/{id}/fail", fail_refund, methods=["POST"]),
        *_fault_routes(gateway),
        Route("/_control/reset", reset, methods=["POST"]),
        Route("/_control/forget-keys", forget_keys, methods=["POST"]),
        Route("/_control/totals", totals),
    ]


def _fault_routes(gateway: FakeGateway) -> list[Route]:
    async def faults(request: Request) -> Response:
        try:
            if request.method == "POST":
                gateway.faults.set(**await request.json())
        except (ValueError, TypeError) as exc:
            return JSONResponse({"error": str(exc)}, 400)
        return JSONResponse(vars(gateway.faults))

    async def reset_faults(request: Request) -> Response:
        gateway.faults.reset()
        return JSONResponse(vars(gateway.faults))

    return [
        Route("/_control/switches", faults, methods=["GET", "POST"]),
        Route("/_control/switches/reset", reset_faults, methods=["POST"]),
    ]


async def _respond(action: Callable[..., Any], *arguments: Any) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(action, *arguments))
    except GatewayError as exc:
        return JSONResponse(exc.body, exc.status)
