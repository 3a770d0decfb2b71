"""``python -m pipeline.monitor``."""

from pipeline.core.base.stage import run

run("monitor")
