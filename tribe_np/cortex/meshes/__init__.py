"""Meshes of fsaverage: surfaces and maps, which vertices two meshes share, and values of one mesh on another."""
