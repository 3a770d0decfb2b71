"""The steps of the project, one script a step. They are yours to change."""

import pedigree  # noqa: F401  (it sets environment variables that must be set before a library is loaded)
