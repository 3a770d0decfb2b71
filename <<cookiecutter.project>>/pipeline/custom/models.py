"""Your own estimators, named in conf/model/ as `estimator: {_target_: pipeline.custom.models.NAME}`.

An estimator follows scikit-learn's rules: it inherits from `BaseEstimator`, every argument of `__init__` is kept under
its own name, and `fit(X, y)` returns self. A classifier has `predict_proba`, with a column for each of the `classes_` that
`fit` sets; a regressor has `predict`. It is given encoded rows, a data frame of numbers. For example::

    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin


    class Frequencies(ClassifierMixin, BaseEstimator):
        def __init__(self, added: float = 1.0) -> None:
            self.added = added

        def fit(self, X, y):
            self.classes_, counts = np.unique(y, return_counts=True)
            self.frequencies_ = (counts + self.added) / (counts + self.added).sum()
            return self

        def predict_proba(self, X):
            return np.tile(self.frequencies_, (len(X), 1))

and conf/model/frequencies.yaml, for `dvc exp run -S model=frequencies`::

    defaults: [encoder: one_hot, imputer: median, scaler: standard, sampler: none, _self_]
    name: frequencies
    estimator: {_target_: pipeline.custom.models.Frequencies, added: 1.0}
    class_weight: null  # balanced, where `fit` takes `sample_weight`
    categorical_argument: null
    early_stopping: null
    search_space: {added: {type: float, low: 0.1, high: 10, log: true}}

What `fit` learns is stored without pickle: numbers, strings, arrays, lists, dictionaries and estimators can be, but no data
frames, dates, lambdas or open files. `configure` tries it before anything is fitted, `train` when the model is stored.
"""
