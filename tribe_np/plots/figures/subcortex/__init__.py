"""Predictions of the subcortex: surfaces of its structures, made of the voxels of a mask, and figures of them."""
