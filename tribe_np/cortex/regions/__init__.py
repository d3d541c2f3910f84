"""Time courses of regions and structures, networks of regions, and upstream's functions on HCP-MMP1."""
