"""How a study stands, and what of it is to be sent once more."""
