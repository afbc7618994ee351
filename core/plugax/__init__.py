"""Plugax: any solver on any problem, in one compiled loop, everything a plugin.

Public names only. They are imported when first used, so that `plugax --help` and plugins that
register by lazy targets need no JAX.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
