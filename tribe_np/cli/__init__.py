"""The tribe-np command."""
