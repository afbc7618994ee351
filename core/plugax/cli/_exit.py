"""Exit statuses: what a command ends with."""

SUCCESS = 0
FAILURE = 1
"""A run that was no success, a check that failed, a bug."""
WRONG_CALL = 2
INTERRUPTED = 130
"""By Ctrl-C; other signals leave 128 and their number."""
