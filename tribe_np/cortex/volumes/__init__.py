"""Between surface and voxels: grids, the ribbon between white and pial, painting it, sampling a volume."""
