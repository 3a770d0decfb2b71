"""``python -m pipeline.engineer``."""

from pipeline.core.base.stage import run

run("engineer")
