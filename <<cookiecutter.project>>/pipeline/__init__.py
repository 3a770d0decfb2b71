"""The sixteen steps of the project, one module a step; ``pipeline.core`` is what they share."""

import os

# OpenMP's threads spin while they wait for each other. Two stages at once (a queue, a shared machine)
# then take three times as long; told to sleep, they do not. It must be said before a library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# pandera asks Arrow to drop the offsets of times, for the whole process, unless this is set: 12:00+02:00
# would become 12:00 UTC in whatever is converted after a contract was checked.
os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "")
