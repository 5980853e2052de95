"""Training data sets: the report, and their captions."""
