"""Text, JSON and Excel files as Arrow tables, packed or not."""
