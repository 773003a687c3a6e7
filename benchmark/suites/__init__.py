"""Suites: where cases come from."""
