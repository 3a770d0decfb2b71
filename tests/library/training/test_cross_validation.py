import numpy as np
import pandas as pd
from library.projects import Project

from pedigree.base.settings import read_yaml
from pedigree.estimators.settings import Model
from pedigree.folds.folding import folds
from pedigree.training.cross_validation import cross_validate


def test_a_model_is_scored_on_rows_that_it_has_not_seen(project: Project) -> None:
    """Labels by chance: a forest that had seen the rows would know them by heart."""
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200)})
    y = np.random.default_rng(5).integers(0, 2, 200)
    cut = folds(X, y, [], classify=True, groups=None, when=None, n=3, repeats=1, seed=0)
    scores = cross_validate(Model.model_validate(model), list(cut), ["roc_auc"], 2)
    assert len(scores) == 3
    assert np.mean([one["roc_auc"] for one in scores]) < 0.65
