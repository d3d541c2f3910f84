"""A made-up fifth model, as CONTRIBUTING.md says: the loudness of each step of sound, through two layers."""
