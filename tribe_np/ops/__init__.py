"""Pure functions on arrays of any module: the mathematics, without state, weights or taps."""
