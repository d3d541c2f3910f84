"""Prediction folders and their files."""
