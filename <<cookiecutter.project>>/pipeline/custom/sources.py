r"""Your own sources, named in conf/collect/ as `_target_: pipeline.custom.sources.NAME`.

A source is a function ``NAME(folder, **settings)``. It writes files of rows (CSV, Parquet, JSON lines) into
`folder`, and returns a dictionary with at least `kind`, which says where the rows came from. For example::

    from pathlib import Path


    def squares(folder: Path, rows: int) -> dict[str, str]:
        lines = ["number,square", *(f"{n},{n * n}" for n in range(rows))]
        (folder / "squares.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return {"kind": "squares"}

and conf/collect/squares.yaml, for `dvc exp run -S collect=squares`::

    defaults: [limits@_here_: default, _self_]
    _target_: pipeline.custom.sources.squares
    rows: 100

No setting may hold a credential: settings are committed. Let a setting that ends in `_env` name the environment variable.
"""
