"""What every step uses: names, paths, settings, the function that runs a step, and files."""

import os
import sys

from pedigree.base import paths
from pedigree.base.guards.startup import short_errors, spare_a_full_disk

__all__ = ["paths"]

# OpenMP's threads spin while they wait for each other: two stages at once (a queue, a shared machine) then take
# nine times as long. If waiting threads sleep instead, a single stage takes half as long again. A spin count of a
# thousand avoids both, but only GNU's OpenMP reads it; the others read only the first variable. Both must be set
# before a library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# Unless this is set, pandera makes Arrow drop the offsets of times in the whole process: 12:00+02:00
# would become 12:00 UTC in whatever is converted after a contract was checked.
os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "")
if sys.argv[:1] == [
    "-m"
]:  # as Python has it while it imports the packages of what `python -m` names
    sys.excepthook = short_errors
    spare_a_full_disk()
