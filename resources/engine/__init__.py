"""Runs a stage over units of work."""
