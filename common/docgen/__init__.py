"""Generators of docs/: OpenAPI, events, metrics, access, contracts."""
