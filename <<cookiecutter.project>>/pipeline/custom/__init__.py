"""Your own sources, cleaning steps, features, models and explainers, which settings name by `_target_`."""
