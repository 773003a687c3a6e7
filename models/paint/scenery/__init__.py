"""Sceneries painted from nothing: one module for each kind of place, over noise and layers."""
