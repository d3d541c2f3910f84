"""How well a prediction describes measured data: scores, ceilings and nulls, as a paper reports them."""
