"""Later batches against the training data: drift, performance, and whether to train again."""
