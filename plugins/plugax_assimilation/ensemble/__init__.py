"""Filters and smoothers that carry an ensemble: forecast, analysis, inflation, localisation."""
