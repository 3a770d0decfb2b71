"""Text, JSON and Excel files as Arrow tables, compressed or not."""
