"""``python -m pipeline.verdict``."""

from pipeline.core.base.stage import run

run("verdict")
