"""Your own explainers, named in conf/explain/ as `_target_: pipeline.custom.explainers.NAME`.

An explainer is called with a `Subject` (model, validation rows, target) and returns an `Explanation`. For example::

    from pedigree import Explanation, Subject


    class Fixed:
        def __call__(self, subject: Subject) -> Explanation:
            before = subject.predict(subject.X)
            change = {}
            for name in subject.X:
                fixed = subject.X.assign(**{name: subject.X[name].mode()[0]})
                change[name] = abs(subject.predict(fixed) - before).mean()
            return Explanation.of("change with the most frequent value", "prediction", change)

and conf/explain/fixed.yaml, for `dvc exp run -S explain=fixed`::

    defaults: [default, _self_]
    methods: {fixed: {_target_: pipeline.custom.explainers.Fixed}}
"""
