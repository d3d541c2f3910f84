"""Wav2Vec-BERT 2.0: sound to hidden states."""
