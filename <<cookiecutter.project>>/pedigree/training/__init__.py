"""Training: the rows, cross-validation, bagging, search spaces, the leaderboard and the search."""
