"""What carries tasks to processes: one file an engine."""
