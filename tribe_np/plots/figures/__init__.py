"""Figures: cortical maps in several views, with outlines, labels and colour bars, as matplotlib figures or files."""
