"""V-JEPA 2: clips of 64 frames into the encoder's hidden states."""
