"""Layers: frozen dataclasses of arrays over the pure operations."""
