"""Run the fake of Stripe: `python -m devcloud.stripe --port 8002 ...`."""

from devcloud.gateways.serving import run_from_command_line
from devcloud.stripe.gateway import FakeStripe

if __name__ == "__main__":
    run_from_command_line("stripe", FakeStripe)
