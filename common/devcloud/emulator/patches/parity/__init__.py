"""Bugs of ministack: a module for each documented behaviour that it lacks."""
