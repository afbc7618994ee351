"""Plugax: any solver on any problem, in one compiled loop, everything a plugin.

This package has only public names. They are imported on first use, so that `plugax --help` and
plugins that register lazy targets do not need JAX.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
