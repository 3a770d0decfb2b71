"""What surrounds a run of a stage: it waits for an orphan of an earlier run, and compares its inputs with dvc.lock."""
