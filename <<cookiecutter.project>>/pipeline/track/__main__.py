"""``python -m pipeline.track``."""

from pipeline.core.base.stage import run

run("track")
