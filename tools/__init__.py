"""Developers' tools: reference dumps, the parity table, benchmarks. Not installed."""
