"""Your own explainers, named in conf/explain/ as `_target_: pipeline.custom.explainers.NAME`.

An explainer is called with a `pedigree.explanation.subject.Subject` (model, validation rows, target) and returns a
`pedigree.explanation.interface.Explanation`.
"""
