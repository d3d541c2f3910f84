"""Damaged files of every kind that the project reads: `python -m tools.fuzz` (see --help)."""

from tools.fuzz.main import main

if __name__ == "__main__":
    main()
