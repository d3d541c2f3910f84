"""How much error is right: the float32 error of honest implementations, tap by tap, and the bounds made from it."""
