"""Problem definition: compose conf/ into params.yaml and check every setting, before any data is touched."""

from __future__ import annotations

from pedigree import Configuration, run, say


def main() -> None:
    """Compose and check; write params.yaml unless an experiment did, and each step's part of it."""
    configuration = Configuration.read()
    configuration.check()
    configuration.write()
    for line in configuration.changes():
        say(line)


if __name__ == "__main__":
    run("configure", main)
