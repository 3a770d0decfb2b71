"""``python -m pipeline.compare``."""

from pipeline.core.base.stage import run

run("compare")
