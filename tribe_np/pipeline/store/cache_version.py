"""The version of features in the cache, in a file of its own: who only asks for it imports no NumPy."""

CACHE_VERSION = 5
"""Raise it when a change of code changes features; run.json and the plan of a study name it."""
