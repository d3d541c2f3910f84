"""Ours beside torch at the released sizes: `python -m tools.bench --peer-python PYTHON` (see --help)."""
