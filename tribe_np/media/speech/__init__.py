"""Speech to words and back: recognisers, a known text set to its times, espeak-ng."""
