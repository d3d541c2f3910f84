"""Files as such: whole or not at all, small ones, those of another kind, what killed writers left, the user's folders."""
