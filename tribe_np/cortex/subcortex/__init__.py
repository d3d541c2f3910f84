"""Masks of voxels and the structures in them: Harvard-Oxford, and upstream's functions on it."""
