"""Delivery to AWS: packages, templates, stacks, releases, roles, workflows."""
