"""Records of interchangeable implementations of the hot operations."""
