"""What each intermediate is: one file a model, rows in order of computation."""
