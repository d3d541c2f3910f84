"""What a run keeps for the next one or for others beside it: features, their parts, sound, words, digests, claims."""
