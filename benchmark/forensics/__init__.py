"""Detectors of edits put to the outputs of a run, and how the embedded one is trained."""
