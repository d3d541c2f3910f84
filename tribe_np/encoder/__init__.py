"""The brain encoder: features of three modalities to activity of every vertex."""
