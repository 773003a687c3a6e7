"""Styles and tones of a whole image: one module for each family of techniques."""
