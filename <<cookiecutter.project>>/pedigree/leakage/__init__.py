"""Leakage: checks for information that the model should not have.

Each entry of `leakage.checks` is a function that looks for one kind of leak::

    check(evidence, **options) -> list of Finding

Its input is the rows of all subsets of the split. It returns a finding for each column or pair of
subsets with a leak, or a single one without. Checks use the features of the validation and test set, but
never the target of the test set.
"""
