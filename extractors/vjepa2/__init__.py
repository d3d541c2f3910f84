"""V-JEPA 2: film to hidden states."""
