"""Measurements, never tests: each module prints a table and leaves JSON in ``bench/results/``."""
