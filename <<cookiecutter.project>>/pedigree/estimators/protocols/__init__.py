"""What estimators and transformers must have, and what their methods must return; an owner's may break it."""
