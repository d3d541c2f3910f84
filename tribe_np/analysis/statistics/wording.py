"""What every output of a statistic says of itself."""

ACROSS_STIMULI = "across stimuli of one model, not across people"
"""The observations are trials: the one model answers each, so a p-value says nothing about a population of brains."""
