"""Run the stand-in for Razorpay: `python -m localcloud.razorpay --port 8003 --state FILE ...`."""

import argparse
import json
from pathlib import Path

from localcloud.razorpay.gateway import Gateway
from localcloud.stripe.server import until_stopped


def main() -> None:
    """Serve until SIGTERM; what was answered is on the disk before it is answered."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.razorpay", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file that keeps orders and refunds")
    parser.add_argument("--webhook-url", required=True)
    # A file, since anybody may read the arguments of a process.
    parser.add_argument("--secrets", type=Path, required=True, help="JSON with razorpay_webhook_secret")
    given = parser.parse_args()
    secret = json.loads(given.secrets.read_text())["razorpay_webhook_secret"]
    until_stopped(Gateway(given.state, given.webhook_url, secret), given.port)


if __name__ == "__main__":
    main()
