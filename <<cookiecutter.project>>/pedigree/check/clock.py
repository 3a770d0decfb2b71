"""Measuring latency and training time on the current machine."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pedigree.base.dvc_files.declared import declared_stage
from pedigree.base.files.replacing import link_or_copy
from pedigree.base.names import UserError
from pedigree.base.paths import DVC_YAML, LIBRARY, LOADED, PARAMS, TIMINGS

ROWS = 100  # number of rows that are predicted one at a time
GRACE = 60  # seconds beyond the limit after which a training is stopped; before, the measured time is reported


def measure(quantity: str, limit: float | None) -> tuple[float | None, str]:
    """Measure a quantity.

    Parameters
    ----------
    quantity : {"latency_ms", "training_seconds"}
    limit : float or None
        Limit of the quantity; a training that takes much longer is stopped.

    Returns
    -------
    value : float or None
        None if a training was stopped.
    about : str
        Description of the measurement.

    Raises
    ------
    UserError
        A file that the measurement requires is missing.
    """
    return latency() if quantity == "latency_ms" else training(limit)


def latency() -> tuple[float, str]:
    """Measure the milliseconds of a request with a single row: checked, cleaned and predicted as by the API."""
    from statistics import median, quantiles

    from pyarrow import parquet

    from pedigree.prediction.bundle import Bundle

    parts = sorted(LOADED.glob("*.parquet"))
    if not parts:
        raise UserError(
            f"latency_ms requires rows of {LOADED}, which does not exist; run `dvc checkout {LOADED}`."
        )
    bundle = Bundle.load()
    rows = next(parquet.ParquetFile(parts[0]).iter_batches(ROWS)).to_pandas()
    milliseconds = []
    for place in [*range(min(10, len(rows))), *range(len(rows))]:  # the first ones warm up
        began = time.perf_counter()
        typed, _ = bundle.check(rows.iloc[[place]])
        bundle.answer(typed)
        milliseconds.append((time.perf_counter() - began) * 1e3)
    taken = milliseconds[-len(rows) :]
    slow = quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    about = f"median of {len(taken)} rows of {LOADED}, one at a time, by the bundle without HTTP; 95% take {slow:.3g} or less"
    return median(taken), about


def training(limit: float | None) -> tuple[float | None, str]:
    """Measure the seconds of a training in a copy of the project; the model itself may have been fetched by DVC."""
    interface = [*LIBRARY.glob("*.py"), *LIBRARY.glob("*.pyi")]  # which scripts import
    needed = [*map(Path, declared_stage("train").deps), *interface, DVC_YAML, PARAMS]
    for path in needed:
        if not path.exists():
            raise UserError(
                f"training_seconds requires another training, but {path} does not exist; run `dvc checkout`."
            )
    with tempfile.TemporaryDirectory() as folder:
        for path in needed:
            link_or_copy(path, Path(folder) / path)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pipeline.train"],
                cwd=folder,
                timeout=None if limit is None else limit + GRACE,
                capture_output=True,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, "trained again in a copy, and stopped since it took too long"
        if done.returncode:
            raise UserError(f"training_seconds: the training failed: {done.stderr.strip()}")
        timings = json.loads((Path(folder) / TIMINGS / "train.json").read_text(encoding="utf-8"))
    return timings["seconds"], "trained again in a copy"
