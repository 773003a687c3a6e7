"""Stages: what each asset computes for one unit of work."""
