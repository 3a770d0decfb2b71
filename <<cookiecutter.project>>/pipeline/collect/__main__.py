"""``python -m pipeline.collect``."""

from pipeline.core.base.stage import run

run("collect")
