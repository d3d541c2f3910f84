"""The whole of TRIBE v2, composed: stimulus to predictions."""
