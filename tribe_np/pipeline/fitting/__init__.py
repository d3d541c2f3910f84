"""`fit`: a new person's head from a stimulus and that person's BOLD, and what it is compared with."""
