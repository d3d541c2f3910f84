"""Networks: independent components of predictions or of unit maps, matched to templates under a spin null."""
