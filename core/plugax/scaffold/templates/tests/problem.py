"""What the problem `NEW_name` promises besides the laws of every problem."""

import plugax as px


def test_it_is_solved_by_name():
    solution = px.solve("NEW_plugin:NEW_name", seed=0)
    assert solution.status.success
    assert solution.metrics["distance"] < 1e-2
