"""Editors that are trained here: their pairs, their checkpoints, and whether filtering pays."""
