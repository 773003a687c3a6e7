"""Editors: an image and an instruction give an image."""
