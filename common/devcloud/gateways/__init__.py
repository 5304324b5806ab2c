"""The parts that the fakes of both payment gateways share."""
