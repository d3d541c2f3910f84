"""Events, the 2 Hz feature grid and segments: time arithmetic, no model code."""
