"""Model selection: a cross-validated leaderboard of model families, with a baseline."""
