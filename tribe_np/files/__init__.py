"""Files as such: whole or not at all, small, of another kind, left by killed writers; and the user's own folders."""
