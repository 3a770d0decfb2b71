"""Your own sources, named in conf/collect/ as `_target_: pipeline.custom.sources.NAME`.

A source is a function ``NAME(folder, **settings)``. It writes files of rows (CSV, Parquet, JSON lines) into
`folder`, and returns a dictionary with at least `kind`, which says where the rows came from.
"""
