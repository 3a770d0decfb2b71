"""Reading and typing rows, and what is known about the target."""
