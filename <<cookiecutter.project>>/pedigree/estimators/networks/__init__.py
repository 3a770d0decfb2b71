"""Neural networks for tables, trained by PyTorch or Keras."""
