"""The example of a feature in pipeline/custom/features.py: a test of your own code looks like this."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils.estimator_checks import parametrize_with_checks

from pedigree.features.engineering import Apply
from pedigree.storage import artifact
from pipeline.custom.features import DistanceFromMedian


@parametrize_with_checks([DistanceFromMedian()])
def test_it_keeps_the_rules_of_scikit_learn(estimator: object, check: Callable) -> None:
    check(estimator)


def test_distances_are_in_median_absolute_deviations_of_the_training_rows() -> None:
    feature = DistanceFromMedian(limit=10).fit(
        [[1.0], [2.0], [4.0], [np.nan]]
    )  # median 2, deviation 1
    found = feature.transform([[2.0], [5.0], [-1.0], [100.0], [np.nan]])
    np.testing.assert_equal(found.ravel(), [0, 3, 3, 10, np.nan])


def test_it_is_a_step_of_engineer_that_can_be_stored(tmp_path: Path) -> None:
    rows = pd.DataFrame({"height": [1.0, 2.0, 4.0], "city": ["Bonn", "Rome", "Oslo"]})
    step = Apply(DistanceFromMedian(), columns=["height"], prefix="distance").fit(rows)
    artifact.save_model(step, tmp_path / "step.skops")
    made = artifact.load_model(tmp_path / "step.skops").transform(rows)
    assert made["distance_height"].tolist() == [1, 0, 2]
