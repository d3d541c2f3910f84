"""Stand-in for berg.core."""
