"""The results of a run. Its names are imported on first use: what is saved is read without JAX."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
