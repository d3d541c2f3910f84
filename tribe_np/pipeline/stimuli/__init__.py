"""A stimulus to its events: the file, its words and their language, contexts."""
