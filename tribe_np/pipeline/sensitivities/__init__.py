"""What the regions of a model listen to while a stimulus runs: features from the cache, one window at a time."""
