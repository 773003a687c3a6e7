"""Judges: what they learn from, their checkpoints, and how far they agree with the truth."""
