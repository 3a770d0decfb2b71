"""The one place where files are written: each appears whole or not at all, and only what is ours is replaced."""
