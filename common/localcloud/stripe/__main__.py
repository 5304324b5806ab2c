"""Run the stand-in for Stripe: `python -m localcloud.stripe --port 8002 --state FILE ...`."""

import argparse
import json
from pathlib import Path

from localcloud.stripe.server import Gateway, until_stopped


def main() -> None:
    """Serve until SIGTERM; what was answered is on the disk before it is answered."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.stripe", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file that keeps intents and refunds")
    parser.add_argument("--webhook-url", required=True)
    # A file, since anybody may read the arguments of a process.
    parser.add_argument("--secrets", type=Path, required=True, help="JSON with stripe_webhook_secret")
    given = parser.parse_args()
    secret = json.loads(given.secrets.read_text())["stripe_webhook_secret"]
    gateway = Gateway(given.state, given.webhook_url, secret)
    until_stopped(gateway, given.port)


if __name__ == "__main__":
    main()
