"""Fitting the encoder's weights: Adam, its schedule, and one step of upstream's training."""
