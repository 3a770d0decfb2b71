"""Tracking: log the finished result to a tracker, in addition to the records of DVC and Git.

A tracker is a function `log(result, **options)`; it must not log the same result twice. If it
cannot log the result, it raises `NotLogged`. The result is not lost then: the stage prints a warning,
records in its receipt that nothing was logged, and succeeds.
"""

from __future__ import annotations
