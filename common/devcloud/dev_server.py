"""Serve one service from its source against the running shop, with reload.

It is `chalice local`, but responds on kept-alive connections without a delay of 40 ms, restarts
only for changed sources, and rejects requests in API Gateway's words.
"""

import argparse
import json
import os
import shlex
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import watchfiles
from chalice.local import ChaliceRequestHandler, LocalGatewayException, ThreadedHTTPServer

from delivery import templates
from delivery.paths import ROOT, SERVICES
from devcloud import machine
from devcloud.processes import port_number

DEFAULT_PORT = 8090
_SERVE = "--serve"


class NotOpen(RuntimeError):
    """There is no running shop to work against."""


class PortTaken(RuntimeError):
    """Something else listens where the service should."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C, in a process that is restarted whenever the code changes."""
    parser = argparse.ArgumentParser(prog="make local", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--dir", type=Path, default=Path(".local"))
    parser.add_argument("--port", type=port_number, default=DEFAULT_PORT)
    parser.add_argument(_SERVE, action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    machine.prepare()
    try:
        environment = read_environment(given.dir)
        if not given.serve:
            require_free(given.port, "SERVICE_PORT=8091")
    except (NotOpen, PortTaken) as problem:
        print(problem, file=sys.stderr)
        return 1
    if given.serve:
        serve(given.service, given.port, environment)
        return 0
    command = [sys.executable, "-m", "devcloud.dev_server", given.service, "--dir", str(given.dir)]
    return _reload(given.service, [*command, "--port", str(given.port), _SERVE])


def serve(service: str, port: int, environment: dict[str, str]) -> None:
    """Serve the service's routes from its source, in this process."""
    from chalice.cli import run_local_server
    from chalice.cli.factory import CLIFactory

    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # the reloader ends it so, also in a background job
    os.environ.update(environment)
    ChaliceRequestHandler.disable_nagle_algorithm = True
    ChaliceRequestHandler.wbufsize = -1  # headers and body leave together
    ChaliceRequestHandler._send_error_response = _refuse  # type: ignore[assignment,method-assign]
    ThreadedHTTPServer.request_queue_size = 128
    os.chdir(ROOT / service)
    sys.path.insert(0, str(ROOT / service / "vendor"))
    print(f"{service} on http://127.0.0.1:{port}", flush=True)
    # Chalice puts the stage's settings into the environment that it is given; the app reads them
    # from this process's own.
    factory = CLIFactory(str(ROOT / service), debug=False, environ=os.environ)
    run_local_server(factory, "127.0.0.1", port, "local")


def _refuse(handler: ChaliceRequestHandler, error: LocalGatewayException) -> None:
    """Respond with API Gateway's status and text, instead of Chalice's own."""
    no_such_route = (
        error.headers.get("x-amzn-ErrorType") == "UnauthorizedException" and error.CODE == 403
    )
    kind = "MISSING_AUTHENTICATION_TOKEN" if no_such_route else "UNAUTHORIZED"
    answer = templates.gateway_responses()[kind]
    body = answer["responseTemplates"]["application/json"]
    handler._send_http_response(answer["statusCode"], {}, body)


def require_free(port: int, example: str) -> None:
    """Require a free port.

    Raises: PortTaken, with an example of how to name another.
    """
    if _answers(f"http://127.0.0.1:{port}"):
        raise PortTaken(f"Port {port} is taken by another program; name a free one: {example}.")


def read_environment(directory: Path) -> dict[str, str]:
    """Return the environment in which a service works against the directory's shop.

    Raises: NotOpen when it does not run.
    """
    note = directory / "shop.json"
    if not note.exists():
        raise NotOpen(f"There is no shop in {directory}: run `make up` first.")
    shop = json.loads(note.read_text())
    if not _answers(shop["awsEndpoint"]):
        raise NotOpen(f"The shop in {directory} is not running: run `make up` first.")
    return {
        "AWS_ENDPOINT_URL": shop["awsEndpoint"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CHALICE_CLI_MODE": "true",
        "STRIPE_API_BASE": shop["stripeUrl"],
        "RAZORPAY_API_BASE": shop["razorpayUrl"],
    }


def _answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=2).close()
    except OSError:
        return False
    return True


def _reload(service: str, command: list[str]) -> int:
    watchfiles.run_process(
        ROOT / service,
        ROOT / "common" / "common",
        target=shlex.join(command),
        target_type="command",
        watch_filter=_is_source,
        callback=lambda _: print("changed, restarting", flush=True),
    )
    return 0


def _is_source(change: watchfiles.Change, path: str) -> bool:
    """Whether the running code was made from the file."""
    file = Path(path)
    return file.name == "config.json" or (file.suffix == ".py" and "tests" not in file.parts)


if __name__ == "__main__":
    sys.exit(main())
