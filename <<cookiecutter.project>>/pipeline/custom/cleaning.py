"""Your own cleaning steps, named in conf/clean/ as `_target_: pipeline.custom.cleaning.NAME`.

A step is a function ``NAME(frame, **settings)`` that takes a Narwhals data frame and returns one (or one of pandas). It
looks at one row at a time, since it also cleans the rows that are sent to the model; what has to be fitted is a feature. For example::

    import narwhals as nw


    def absolute(frame: nw.DataFrame, columns: list[str]) -> nw.DataFrame:
        return frame.with_columns(nw.col(*columns).abs())

and conf/clean/absolute.yaml, for `dvc exp run -S clean=absolute`::

    defaults: [default, _self_]
    steps:
      absolute:
        _target_: pipeline.custom.cleaning.absolute
        columns: [body_mass_g]

A step that drops rows needs `training_only: true` beside its settings: every row that is sent to the model gets a prediction.
"""
