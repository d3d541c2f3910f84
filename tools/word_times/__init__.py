"""How exact the times of recognised words are: `python -m tools.word_times` (see --help)."""
