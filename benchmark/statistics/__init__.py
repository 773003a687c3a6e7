"""Figures from samples: means with clustered intervals, comparisons, noise."""
