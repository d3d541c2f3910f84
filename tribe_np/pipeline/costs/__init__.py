"""What a run takes before it begins: memory, arithmetic, time."""
