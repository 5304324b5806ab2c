"""Run the stand-in for Razorpay: `python -m localcloud.razorpay --port 8003 --state FILE ...`."""

from localcloud.gateways import serving
from localcloud.razorpay.gateway import Gateway

if __name__ == "__main__":
    serving.from_command_line("razorpay", Gateway)
