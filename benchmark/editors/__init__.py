"""Editors under test: what each takes, and adapters for those that are programs or services."""
