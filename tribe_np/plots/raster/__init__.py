"""The cortex drawn on the CPU: which vertices lie under each pixel, light, outlines of regions, places for labels."""
