"""Pedigree: the library behind the scripts of `pipeline/`. It is not meant to be edited in a project.

What scripts, custom code and notebooks import is listed in ``__init__.pyi``; each name is loaded when it is first used.
"""

import lazy_loader

import pedigree.base  # noqa: F401  (sets what must be set before a library loads)

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
