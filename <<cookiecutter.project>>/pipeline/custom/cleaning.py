"""Your own cleaning steps, named in conf/clean/ as `_target_: pipeline.custom.cleaning.NAME`.

A step is a function ``NAME(frame, **settings)`` that takes and returns a Narwhals data frame. It looks at one row
at a time, since it also cleans the rows that are sent to the model; what has to be fitted is a feature.
"""
