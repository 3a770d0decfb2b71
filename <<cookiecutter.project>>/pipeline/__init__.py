"""The sixteen steps of the project, one module a step; ``pipeline.core`` is what they share."""
