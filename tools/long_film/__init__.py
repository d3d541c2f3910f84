"""A long film from end to end: `python -m tools.long_film` (see --help)."""
