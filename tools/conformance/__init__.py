"""Other implementations on the bench: kits run through them, and the page that says how each did."""
