"""Problem definition: compose conf/ into params.yaml and check every setting, before any data is touched."""

from __future__ import annotations

import os

from omegaconf import OmegaConf

from pedigree.base.command import plain_errors
from pedigree.base.paths import CONF, PARAMS
from pedigree.base.settings import as_dict, leaves, read_yaml
from pedigree.base.tables import replacing
from pedigree.config.checks import check, refuse_secrets
from pedigree.config.composing import EXPERIMENT, compose, hand_out, report, taken_over


def main() -> None:
    """Compose and check; write params.yaml unless an experiment did, and each step's part of it."""
    refuse_secrets(CONF)
    composed = compose()
    in_force = OmegaConf.create(read_yaml(PARAMS) if PARAMS.exists() else {})
    running = EXPERIMENT in os.environ
    if in_force and (running or (in_force != composed and taken_over())):
        check(in_force)
        hand_out(as_dict(in_force))
        where = "in this experiment" if running else "by the experiment that was taken over"
        report(leaves(composed), leaves(in_force), where)
        return
    check(composed)
    text = OmegaConf.to_yaml(composed)
    if not PARAMS.exists() or PARAMS.read_text(encoding="utf-8") != text:
        with replacing(PARAMS) as new:
            new.write_text(text, encoding="utf-8", newline="\n")
    hand_out(as_dict(composed))
    report(leaves(in_force), leaves(composed), f"in {PARAMS}")


if __name__ == "__main__":
    with plain_errors("configure"):
        main()
