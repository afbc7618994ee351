"""Sweeps over options that need a program each: several populations."""
