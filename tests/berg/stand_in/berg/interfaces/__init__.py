"""Stand-in for berg.interfaces."""
