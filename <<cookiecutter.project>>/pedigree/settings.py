"""The type of each step's settings, which is the argument of `main` in its script, and how to read them elsewhere.

``settings.pyi`` lists the names; each is loaded on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub("pedigree", __file__)
