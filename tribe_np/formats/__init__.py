"""Bytes to arrays and back: weight files, checkpoints, configuration files."""
