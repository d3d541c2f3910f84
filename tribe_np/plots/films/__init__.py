"""Films: the stimulus with its own sound beside the brain, in MP4 or GIF."""
