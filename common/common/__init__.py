"""Shared code of the services, vendored into every Lambda.

It holds what at least three services need, and no noun of theirs.
"""
