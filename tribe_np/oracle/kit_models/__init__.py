"""What a kit has to know about each model: its cases, how its tensors are generated, how it is run from arrays."""
