"""Known mistakes, a file for each part of a model that they are made in."""
