"""Your own sources, cleaning steps, features, models, metrics and explainers, which settings name by `_target_`."""
