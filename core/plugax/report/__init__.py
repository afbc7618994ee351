"""Saved runs for people to read: a report in one HTML file, and a list of all runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
