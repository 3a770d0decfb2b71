"""Searches of Optuna, Hyperopt and Ray Tune, with the interface of ``searches``."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pedigree
from pedigree.base.names import UserError
from pedigree.search.study import Study
from pedigree.training.space import Space, hyperparameters, sample_hyperparameters

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

    from pedigree.estimators.settings import Dimension


def optuna(space: Space, study: Study, sampler: BaseSampler, pruner: BasePruner) -> None:
    """Try the proposals of a sampler of Optuna; its pruner may stop a trial after any fold.

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    study : Study
    sampler, pruner
        Of ``optuna.samplers`` and ``optuna.pruners``; a step of the pruner is a fold.
    """
    import optuna as library
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def distribution(one: Dimension) -> Any:
        if one.type == "choice":
            return CategoricalDistribution(range(len(one.choices)))
        if one.type == "int":
            return IntDistribution(int(one.low), int(one.high), log=one.log)
        return FloatDistribution(one.low, one.high, log=one.log)

    library.logging.set_verbosity(library.logging.ERROR)
    # The Hyperband pruner uses the study's name, which is random by default.
    theirs = library.create_study(study_name="tune", sampler=sampler, pruner=pruner)
    distributions = {name: distribution(one) for name, one in space.items()}
    while True:
        asked = theirs.ask(distributions)
        trial = study.trial(hyperparameters(space, asked.params))
        for folds in range(1, study.folds + 1):
            asked.report(trial.loss(folds), folds)
            if folds < study.folds and asked.should_prune():
                theirs.tell(asked, state=library.trial.TrialState.PRUNED)
                break
        else:
            theirs.tell(asked, trial.loss())


def hyperopt(space: Space, study: Study, seed: int, startup: int) -> None:
    """Try the proposals of Hyperopt's tree-structured Parzen estimator (Bergstra et al. 2011).

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    study : Study
    seed : int
    startup : int
        Random trials before the first that learns from earlier ones.
    """
    from functools import partial

    from hyperopt import fmin, hp, tpe
    from hyperopt.pyll import scope

    def dimension(name: str, one: Dimension) -> Any:
        if one.type == "choice":
            return hp.choice(name, list(range(len(one.choices))))
        low, high = np.log([one.low, one.high]) if one.log else (one.low, one.high)
        if one.type == "int":
            quantised = hp.qloguniform if one.log else hp.quniform
            return scope.int(quantised(name, low, high, 1))
        return (hp.loguniform if one.log else hp.uniform)(name, low, high)

    logging.getLogger("hyperopt").setLevel(
        logging.CRITICAL
    )  # it reports the end of the budget as an error
    fmin(
        lambda raw: study.trial(hyperparameters(space, raw)).loss(),
        {name: dimension(name, one) for name, one in space.items()},
        algo=partial(tpe.suggest, n_startup_jobs=startup),
        max_evals=study.left,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
        return_argmin=False,
    )


hyperopt.needs = ("hyperopt",)  # type: ignore[attr-defined]


def ray(
    space: Space,
    study: Study,
    seed: int,
    workers: int,
    object_store_megabytes: int,
    address_env: str | None,
) -> None:
    """Let Ray Tune score hyperparameters drawn at random on several processors or machines at once.

    They are drawn beforehand and judged in that order, so that the result does not depend on which
    worker finishes first: it is that of `random`. A search that learns from the trials that happen to be
    finished would not be reproducible.

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    study : Study
    seed : int
    workers : int
        Trials that run at the same time.
    object_store_megabytes : int
        Memory that the workers of a local Ray share, in MB.
    address_env : str, optional
        Name of the environment variable that holds a cluster's address; without it Ray starts here.
    """
    generator = np.random.default_rng(seed)
    wanted = [sample_hyperparameters(space, generator) for _ in range(study.left)]
    folds = range(study.folds)
    unknown = [one for one in wanted if None in (study.journal.get(one, fold) for fold in folds)]
    if unknown and study.seconds_left > 0:
        # The paths of Ray's sockets must be short, and so its folder's.
        short = "/tmp" if Path("/tmp").is_dir() else None
        with (
            tempfile.TemporaryDirectory(prefix="ray-", dir=short) as folder,
            _started_ray(folder, workers, object_store_megabytes, address_env),
        ):
            _score_with_ray(unknown, study, workers, folder)
    for changes in wanted:
        study.trial(changes).loss()


ray.needs = ("ray",)  # type: ignore[attr-defined]


@contextmanager
def _started_ray(
    folder: str, workers: int, object_store_megabytes: int, address_env: str | None
) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine, and shut it down at the end."""
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # no files of results
        "RAY_AIR_NEW_OUTPUT": "0",  # otherwise it prints despite verbose=0
        "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends the whole stage
    }
    import ray as library

    where: dict[str, Any]
    if address_env:
        if not os.environ.get(address_env):
            raise UserError(
                f"tune.address_env: the environment variable {address_env} is not set; set it to "
                "the address of the Ray cluster, or the setting to null to start Ray here."
            )
        threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}  # as in `stage.run`
        code = {"py_modules": [pedigree.__path__[0], "pipeline"], "env_vars": threads}
        where = {"address": os.environ[address_env], "runtime_env": code}
    else:
        where = {
            "num_cpus": workers,
            "object_store_memory": object_store_megabytes * 2**20,
            "include_dashboard": False,
            "_temp_dir": folder,
        }
    library.init(**where, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield
    finally:
        library.shutdown()


def _score_with_ray(unknown: list[dict[str, Any]], study: Study, workers: int, folder: str) -> None:
    """Score hyperparameters on all folds, and write each score to the journal at once."""
    from ray import tune

    class Remember(tune.Callback):
        def on_trial_result(
            self, iteration: Any, trials: Any, trial: Any, result: Any, **_: Any
        ) -> None:
            for fold, score in enumerate(result["scores"]):
                study.journal.add(trial.config["changes"], fold, score)
            study.progress.update()

        def __reduce__(self) -> Any:  # Ray pickles its callbacks, and a study cannot be pickled
            return tune.Callback, ()

    tune.Tuner(
        tune.with_parameters(_scores, objective=study.objective, folds=study.folds),
        param_space={"changes": tune.grid_search(unknown)},
        tune_config=tune.TuneConfig(
            max_concurrent_trials=workers, time_budget_s=study.seconds_left
        ),
        run_config=tune.RunConfig(storage_path=folder, callbacks=[Remember()], verbose=0),
    ).fit()


def _scores(config: dict[str, Any], objective: Any, folds: int) -> None:
    """Score on all folds, in a worker."""
    from ray import tune

    tune.report({"scores": [objective(config["changes"], fold) for fold in range(folds)]})
