"""Saved runs, read again: loaded, found by their steps, branched off from, kept."""
