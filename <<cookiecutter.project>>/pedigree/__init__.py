"""Pedigree: the library behind the scripts of `pipeline/`. It is not meant to be edited in a project.

``__init__.pyi`` lists the names for scripts, custom code and notebooks; each is loaded on first use.
"""

import lazy_loader

import pedigree.base  # noqa: F401  (sets what must be set before a library loads)

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
