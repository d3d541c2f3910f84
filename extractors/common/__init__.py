"""What the extractors share: layer selection and grouping, the pick onto the 2 Hz grid, layer streaming."""
