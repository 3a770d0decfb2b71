"""The sixteen steps of the project, one module a step; ``pipeline.core`` is what they share."""

import os

# OpenMP's threads spin while they wait for each other. Two stages at once (a queue, a shared machine)
# then take three times as long; told to sleep, they do not. It must be said before a library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
