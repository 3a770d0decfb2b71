"""Later batches compared with the training data: drift, performance, and whether to retrain."""
