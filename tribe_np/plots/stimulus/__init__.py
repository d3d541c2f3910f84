"""The stimulus of a prediction beside its rows: which rows are shown when, and what was seen, heard and said then."""
