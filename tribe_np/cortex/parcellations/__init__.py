"""Named regions of the cortex: found by name or read from files of every format, on the vertices of a mesh."""
