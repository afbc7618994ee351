"""What a run does when a step comes to something that is not finite.

- `stop`: the run ends, with the last unknowns that were good (`_chunks.py`).
- `skip`: the step is taken back, and the next one has its own key and batch (`_skip.py`).
- `rollback`: the run goes some steps back, with half the learning rate (`_rollback.py`).
"""

from typing import Any

from ...errors import PlugaxError, unexpected

ANSWERS = ("stop", "skip", "rollback")
EVERY = 100
"""Steps from one point to the next, to which a run may go back."""


def answer_of(asked: Any) -> str:
    """What a user asks a run to do.

    Errors: `PlugaxError` for anything else.
    """
    if asked not in ANSWERS:
        known = f"on_non_finite is {', '.join(map(repr, ANSWERS[:-1]))} or {ANSWERS[-1]!r}, that is"
        raise PlugaxError(f"{unexpected(known, asked, ANSWERS)}.")
    return asked
