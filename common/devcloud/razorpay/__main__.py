"""Run the fake of Razorpay: `python -m devcloud.razorpay --port 8003 ...`."""

from devcloud.gateways.serving import run_from_command_line
from devcloud.razorpay.gateway import FakeRazorpay

if __name__ == "__main__":
    run_from_command_line("razorpay", FakeRazorpay)
