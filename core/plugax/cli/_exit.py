"""Exit statuses of commands."""

SUCCESS = 0
FAILURE = 1
"""A run that was not successful, a check that failed, or a bug."""
WRONG_CALL = 2
INTERRUPTED = 130
"""Interrupted by Ctrl-C; for other signals the status is 128 plus the number of the signal."""
