"""Measured fMRI onto fsaverage: read, sampled or resampled, cleaned, and brought to even times."""
