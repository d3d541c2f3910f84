"""Decoding, transcripts, speech: everything that touches media files or child processes."""
