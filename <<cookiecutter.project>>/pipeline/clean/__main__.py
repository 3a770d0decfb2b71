"""``python -m pipeline.clean``."""

from pipeline.core.base.stage import run

run("clean")
