"""The whole shop on one machine, without an AWS account; for development only."""
