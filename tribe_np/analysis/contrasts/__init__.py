"""Contrasts of conditions: trials and the predictions they stand in, one observation a trial or a model over rows."""
