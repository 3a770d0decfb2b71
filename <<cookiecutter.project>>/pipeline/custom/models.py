"""Your own estimators, named in conf/model/ as `estimator: {_target_: pipeline.custom.models.NAME}`.

An estimator follows scikit-learn's rules: `fit`, and `predict_proba` and `classes_` or `predict`; every argument of
`__init__` is kept under its own name.
"""
