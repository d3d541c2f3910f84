"""Damaged files of every kind that the project reads: `python -m tools.fuzz` (see --help)."""
