"""Populations: members that differ in values of arrays, run as one job."""
