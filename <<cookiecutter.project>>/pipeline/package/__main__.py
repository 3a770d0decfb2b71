"""``python -m pipeline.package``."""

from pipeline.core.base.stage import run

run("package")
