"""The real libraries beside ours: one module per stage, each with `dump` (golden files) and `compare` (live parity)."""
