"""What every step uses: names, paths, settings, the runner, and files."""
