"""Films: what is in them, when each picture is shown, and the pictures."""
