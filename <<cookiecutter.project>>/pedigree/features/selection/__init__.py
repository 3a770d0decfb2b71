"""Feature selection: which columns are worth keeping, chosen on the training rows."""
