"""Benchmark suites and scoring."""
