"""A job from its first call to its result: placed, compiled, run, reported to observers, saved."""
