"""What a region listens to: derivatives of its prediction by modality and lag, their curves, tables and record."""
