"""Time steps: brains in a row, and above each what was seen, heard and said then."""
