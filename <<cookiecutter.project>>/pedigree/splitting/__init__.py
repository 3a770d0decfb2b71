"""Data splitting: train, validation and test, before anything is fitted.

A method takes the keys of the labelled rows (target, group, time) and returns for each row the name of its
subset, or that it is left out. Rows without a target are set aside.
"""

from pedigree.splitting.draws import by_chance, by_group, by_stratum
from pedigree.splitting.rules import by_column, by_hash, by_time

# Methods, by the names that conf/split/ calls them.
__all__ = ["by_chance", "by_column", "by_group", "by_hash", "by_stratum", "by_time"]
