"""Tracking: hand the finished result to a tracker, beside what DVC and Git record of every result.

A tracker is a function `log(result, **options)`; it must not log the same result twice. One that
cannot take the result raises `NotLogged`. That is no reason to lose the result: the stage warns,
says in its receipt that nothing was logged, and ends well.
"""

from __future__ import annotations
