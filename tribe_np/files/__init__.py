"""Files as such: whole or not at all, small ones, foreign ones, what killed writers left."""
