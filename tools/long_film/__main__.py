"""A long film from end to end: `python -m tools.long_film` (see --help)."""

from tools.long_film.main import main

if __name__ == "__main__":
    main()
