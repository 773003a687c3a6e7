"""Painters."""
