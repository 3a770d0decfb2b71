"""What the project runs with: pinned packages and their hashes, a bundle's list of them, DVC's own folder."""
