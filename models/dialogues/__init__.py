"""Dialogues: several turns about one image, written in one go."""
