"""Checks of the owner's own code, as far as it can be checked without data."""
