"""Listed stimuli into a plan: events, work, and what it will take."""
