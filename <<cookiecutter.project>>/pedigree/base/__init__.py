"""What every step uses: names, paths, settings, the runner, and files."""

from pedigree.base import paths

__all__ = ["paths"]
