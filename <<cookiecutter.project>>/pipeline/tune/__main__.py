"""``python -m pipeline.tune``."""

from pipeline.core.base.stage import run

run("tune")
