"""The whole shop on one machine, without an AWS account. For development only."""
