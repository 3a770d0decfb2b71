"""Reading files, typing rows, and encoding the target."""
