"""What surrounds a run of a stage: it waits for an orphan, compares its inputs with dvc.lock, and shortens some errors."""
