"""Populations cut into slices that other programs run, on a cluster or beside this one."""
