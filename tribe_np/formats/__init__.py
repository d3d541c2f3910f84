"""Bytes to arrays and back: weights, checkpoints and configurations; surfaces, labels, volumes, prediction folders."""
