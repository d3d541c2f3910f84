"""Events to features: one file a modality."""
