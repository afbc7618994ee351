import numpy as np

from plugax.runner.loop._chunks import FEW_STEPS, GROWTH, SMALL_DATA, first_size, next_size


def test_chunks_settle_at_about_a_second():
    size = 8
    for _ in range(20):
        size = next_size(size, seconds=size * 1e-3)
    np.testing.assert_allclose(size, 1000, rtol=0.01)


def test_a_chunk_grows_step_by_step_and_never_vanishes():
    assert next_size(8, seconds=0.0) == 8 * GROWTH
    assert next_size(8, seconds=1e-7) == 8 * GROWTH
    assert next_size(100, seconds=1e6) == 1


def test_a_run_over_much_data_begins_with_one_step():
    assert first_size({"data": np.zeros(SMALL_DATA)}) == 1
    assert first_size({"data": np.zeros(10)}) == FEW_STEPS
