"""``python -m pipeline.report``."""

from pipeline.core.base.stage import run

run("report")
