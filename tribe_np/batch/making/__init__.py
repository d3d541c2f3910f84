"""Tasks done: in one process, by one of several, or as a run sends them."""
