"""``python -m pipeline.profile``."""

from pipeline.core.base.stage import run

run("profile")
