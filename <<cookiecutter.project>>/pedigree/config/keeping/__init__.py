"""Writing the settings of an applied experiment into conf/, so that later experiments start from them.

Only the result of composing is recorded, params.yaml. From it, `options` infers the options that were chosen, `overrides`
the values that were set in addition, and `kept_files` writes both. What is written is composed in a copy first, and
reaches conf/ only if it gives params.yaml to the byte.
"""

from __future__ import annotations
