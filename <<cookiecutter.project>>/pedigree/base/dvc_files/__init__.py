"""DVC's files: what dvc.yaml declares, and what dvc.lock records."""
