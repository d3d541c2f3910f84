"""How exact the times of recognised words are: `python -m tools.word_times` (see --help)."""

from tools.word_times.main import main

if __name__ == "__main__":
    main()
