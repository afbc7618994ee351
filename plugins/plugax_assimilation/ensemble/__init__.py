"""Filters and smoothers with an ensemble: forecast, analysis, inflation, localisation."""
