"""``python -m pipeline.leakage``."""

from pipeline.core.base.stage import run

run("leakage")
