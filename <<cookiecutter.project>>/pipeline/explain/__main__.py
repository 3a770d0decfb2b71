"""``python -m pipeline.explain``."""

from pipeline.core.base.stage import run

run("explain")
