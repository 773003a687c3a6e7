"""Detectors of edits: how likely a picture is to have been edited."""
