"""What a run keeps for the next one: the cache of features, sound and words, and the digests that name its entries."""
