"""The ways in that every stand-in has under /_control: its faults and its books."""

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from devcloud.gateways.fake import StandIn


def faults_and_books(gateway: "StandIn") -> list[Route]:
    """Their routes."""

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
