"""``python -m pipeline.select``."""

from pipeline.core.base.stage import run

run("select")
