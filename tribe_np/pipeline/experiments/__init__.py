"""Experiments: a table of trials to a folder of predictions, one timeline per run."""
