"""Bugs of ministack: one module for each documented behaviour of AWS that it lacks."""
