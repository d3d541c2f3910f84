"""Linear maps from rows of predictors to measured rows, in closed form: ridge, bands of it, and features with lags."""
