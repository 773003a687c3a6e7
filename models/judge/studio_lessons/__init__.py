"""Lessons for judges from studio scenes, whose perfect results are known.

This reads the oracle, so nothing that is measured may import it. Training and measuring do.
"""
