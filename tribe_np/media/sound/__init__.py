"""Sound: files of every kind to samples, and how long they really are."""
