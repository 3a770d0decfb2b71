"""Lineage: where a result came from, what a data file was used for, and whether a run can be reproduced."""
