"""Leakage: checks on the split and the model, that what should not be known is not known.

Each entry of `leakage.checks` is a function that looks for one kind of leak::

    check(evidence, **options) -> list of Finding

It gets the rows of all sides as they were split, and returns what it found: a finding for each column
or pair of sides that raises the alarm, or a single one that tells that none does. Checks look at the
features of validation and test rows, never at the test rows' answers.
"""
