"""What every step uses: names, paths, settings, the runner, and files."""

import os

from pedigree.base import paths

__all__ = ["paths"]

# OpenMP's threads spin while they wait for each other: two stages at once (a queue, a shared machine) then take
# nine times as long. If they sleep at once, a stage alone takes half as long again. A thousand turns (GNU's OpenMP;
# others know only the first variable) cost neither much. It must be set before a library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# pandera asks Arrow to drop the offsets of times, for the whole process, unless this is set: 12:00+02:00
# would become 12:00 UTC in whatever is converted after a contract was checked.
os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "")
