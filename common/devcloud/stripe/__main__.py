"""Run the stand-in for Stripe: `python -m devcloud.stripe --port 8002 --state FILE ...`."""

from devcloud.gateways import serving
from devcloud.stripe.gateway import Gateway

if __name__ == "__main__":
    serving.from_command_line("stripe", Gateway)
