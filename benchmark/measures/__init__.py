"""Objective measures beside the judge: of pixels, without a model of what is good."""
