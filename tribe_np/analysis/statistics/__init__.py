"""Statistics on observations x vertices: contrasts, permutations, corrections for many vertices, clusters."""
