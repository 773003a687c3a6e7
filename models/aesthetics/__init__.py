"""Aesthetic scorers."""
