"""Embedders: images and words as vectors of one space."""
