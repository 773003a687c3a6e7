"""Painting with diffusion pipelines: a module for each family of workflows, and what they share."""
