"""Files that other tools open: a file a family of formats, what they share, and `export`, which writes them."""
