"""How well predictions tell measured BOLD: truth laid on the rows of a prediction, scores, ceilings and nulls."""
