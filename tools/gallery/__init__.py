"""The gallery of the documentation: a painted run, and the pictures, film and page that are made of it."""
