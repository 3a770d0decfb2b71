"""``python -m pipeline.split``."""

from pipeline.core.base.stage import run

run("split")
