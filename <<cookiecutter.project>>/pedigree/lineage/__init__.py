"""Lineage: where a result came from, what data went into, and whether a run can be repeated."""
