"""Run the stand-in for Stripe: `python -m localcloud.stripe --port 8002 --state FILE ...`."""

from localcloud.gateways import serving
from localcloud.stripe.gateway import Gateway

if __name__ == "__main__":
    serving.from_command_line("stripe", Gateway)
