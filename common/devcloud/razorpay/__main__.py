"""Run the stand-in for Razorpay: `python -m devcloud.razorpay --port 8003 --state FILE ...`."""

from devcloud.gateways import serving
from devcloud.razorpay.gateway import Gateway

if __name__ == "__main__":
    serving.from_command_line("razorpay", Gateway)
