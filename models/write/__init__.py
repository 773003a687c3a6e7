"""Instruction writers."""
