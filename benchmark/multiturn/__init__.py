"""Dialogues: what can be checked of their turns, drift, and human raters."""
