"""Predictions of several stimuli by one model, laid beside each other: levels, courses over time, similarities."""
