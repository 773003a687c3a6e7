"""Dagster assets, one module for each group."""
