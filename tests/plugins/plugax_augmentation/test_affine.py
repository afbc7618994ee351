"""Shifts, rotations, scalings and crops against NumPy, ramps, and the bounds of what is drawn."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_augmentation import Crop, Rotate, Scale, Shift, augment
from plugax_augmentation._affine import Map
from plugax_augmentation._resample import resample

AFFINES = (Shift(2), Rotate(30), Scale(0.2), Crop(0.3))
KEYS = jr.split(jr.key(1), 500)


def drawn(*shape, dtype="float32"):
    return jr.normal(jr.key(0), shape, dtype)


@pytest.mark.parametrize("shape", [(6, 5), (3, 6, 5)])
@pytest.mark.parametrize("kind", [Shift, Rotate, Scale, Crop])
def test_strength_zero_is_the_identity_to_the_bit(kind, shape):
    picture = drawn(*shape)
    np.testing.assert_array_equal(jax.jit(kind(0))(picture, jr.key(2)), picture)


@pytest.mark.parametrize("rows", [-7, -1, 0, 3])
@pytest.mark.parametrize("columns", [-2, 0, 9])
def test_a_shift_by_whole_pixels_is_a_roll_filled_with_zeros(rows, columns):
    picture = drawn(2, 6, 8)
    moved = resample(picture, jnp.eye(2), jnp.asarray([-rows, -columns], float))
    padded = np.pad(picture, [(0, 0), (6, 6), (8, 8)])
    far = max(min(rows, 6), -6), max(min(columns, 8), -8)
    expected = np.roll(padded, far, axis=(1, 2))[:, 6:-6, 8:-8]
    np.testing.assert_array_equal(moved, expected)


def test_shifts_are_whole_pixels_and_all_of_them_occur():
    offsets = jax.vmap(lambda key: Shift(2).draw(key, (6, 5), jnp.dtype("float32")).offset)(KEYS)
    for axis in (0, 1):
        found, counts = np.unique(offsets[:, axis], return_counts=True)
        np.testing.assert_array_equal(found, [-2, -1, 0, 1, 2])
        # 100 are expected of each; the standard deviation is 9.
        assert abs(counts - 100).max() < 45


def turned(picture, degrees):
    angle = jnp.deg2rad(degrees)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return resample(picture, jnp.stack([cos, sin, -sin, cos]).reshape(2, 2), jnp.zeros(2))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_rotation_by_right_angles_is_that_of_numpy(x64, quarters):
    picture = drawn(2, 7, 7, dtype="float64")
    # The cosine of 90° is 6e-17.
    expected = np.rot90(picture, quarters, axes=(1, 2))
    np.testing.assert_allclose(turned(picture, 90.0 * quarters), expected, atol=1e-14)


def test_a_drawn_rotation_turns_as_its_angle_says_and_stays_within_bounds(x64):
    maps = jax.vmap(lambda key: Rotate(30).draw(key, (6, 5), jnp.dtype("float64")))(KEYS)
    angles = np.rad2deg(np.arctan2(maps.matrix[:, 0, 1], maps.matrix[:, 0, 0]))
    assert -30 <= angles.min() < -29
    assert 29 < angles.max() <= 30
    assert abs(angles.mean()) < 5 * 30 / 3**0.5 / 500**0.5  # five standard errors
    picture, key = drawn(6, 5, dtype="float64"), KEYS[3]
    np.testing.assert_allclose(Rotate(30)(picture, key), turned(picture, angles[3]), atol=1e-12)


def test_bilinear_interpolation_is_exact_on_a_ramp(x64):
    rows, columns = np.mgrid[:9, :8] - np.asarray([4.0, 3.5])[:, None, None]
    matrix, offset = jnp.asarray([[0.7, 0.1], [-0.2, 0.6]]), jnp.asarray([0.3, -0.4])
    found = resample(jnp.asarray(2 * rows - 3 * columns + 1), matrix, offset)
    u, v = np.einsum("ij,jhw->ihw", matrix, [rows, columns]) + np.asarray(offset)[:, None, None]
    # The map stays inside of the picture, where a ramp is what it was.
    np.testing.assert_allclose(found, 2 * u - 3 * v + 1, atol=1e-12)


def test_a_scaling_enlarges_a_ramp_by_its_factor(x64):
    rows = jnp.tile(jnp.arange(9.0)[:, None] - 4, (1, 9))
    slopes = []
    for key in KEYS[:20]:
        matrix = Scale(0.5).draw(key, (9, 9), jnp.dtype("float64")).matrix
        middle = Scale(0.5)(rows, key)[3:6, 4]
        slopes.append(float(middle[2] - middle[1]))
        np.testing.assert_allclose(1 / slopes[-1], 1 / matrix[0, 0], rtol=1e-12)
    assert all(0.5 <= 1 / slope <= 1.5 for slope in slopes)
    assert min(slopes) < 1 < max(slopes)


def test_a_crop_shows_a_window_inside_of_the_picture():
    shape = 6, 11
    maps = jax.vmap(lambda key: Crop(0.3).draw(key, shape, jnp.dtype("float32")))(KEYS)
    reach = (np.asarray(shape) - 1) / 2
    share = np.asarray(maps.matrix[:, 0, 0])
    assert 0.7 <= share.min() < 0.72
    assert 0.98 < share.max() <= 1
    far = share[:, None] * reach + abs(np.asarray(maps.offset))
    assert (far <= reach * (1 + 1e-6)).all()  # rounding of float32
    assert (far > 0.99 * reach).any(axis=0).all()
    # Nothing of it is outside: a picture of ones stays one.
    ones = augment((Crop(0.3),), jnp.ones((50, *shape)), jr.key(2))
    np.testing.assert_allclose(ones, 1, atol=1e-5)


def test_several_in_a_row_are_one_map(x64):
    """A step function of whole pixels and right angles loses nothing, so the order shows."""
    picture = drawn(7, 7, dtype="float64")
    quarter = Map(jnp.asarray([[0.0, 1.0], [-1.0, 0.0]]), jnp.zeros(2))
    down = Map(jnp.eye(2), jnp.asarray([-2.0, 0.0]))
    both = quarter.after(down)  # first down, then turned
    moved = np.zeros((7, 7))
    moved[2:] = picture[:-2]
    np.testing.assert_allclose(resample(picture, *both), np.rot90(moved), atol=1e-14)


def test_affine_augmentations_in_a_row_are_interpolated_once(x64):
    """Rotated there and back, a picture is itself; interpolated twice, it would be blurred."""
    picture = drawn(9, 9, dtype="float64")
    key = jr.key(4)
    there = Rotate(30).draw(key, (9, 9), jnp.dtype("float64"))
    back = Map(there.matrix.T, there.offset)
    np.testing.assert_allclose(resample(picture, *back.after(there)), picture, atol=1e-12)
    keys = jr.split(jr.split(jr.key(5), 1)[0], 2)
    shift, turn = (a.draw(k, (9, 9), jnp.dtype("float64")) for a, k in zip(PAIR, keys, strict=True))
    found = augment(PAIR, picture[None], jr.key(5))[0]
    np.testing.assert_allclose(found, resample(picture, *turn.after(shift)), atol=1e-14)


PAIR = Shift(2), Rotate(30)


@pytest.mark.slow
def test_short_floats_keep_their_dtype_and_lose_no_position():
    """In bfloat16, positions beyond 16 pixels would be off by an eighth of one."""
    picture = jnp.tile(jnp.arange(40.0)[:, None], (1, 40))
    short = picture.astype("bfloat16")
    found = augment(AFFINES, short[None], jr.key(0))
    assert found.dtype == "bfloat16"
    expected = augment(AFFINES, picture[None], jr.key(0))
    # Values up to 40 have a spacing of 0.25 in bfloat16, and are rounded at every product.
    np.testing.assert_allclose(found.astype("float32"), expected, atol=1)


@pytest.mark.parametrize(
    ("make", "value", "says"),
    [
        (Shift, -1, "Shift: pixels must be a whole number, 0 or more; got -1"),
        (Rotate, 200, "Rotate: degrees must be a number, 0 to 180; got 200"),
        (Scale, 1.0, "Scale: fraction must be a number, 0 to below 1; got 1.0"),
        (Crop, float("nan"), "Crop: fraction must be a number, 0 to below 1; got nan"),
    ],
)
def test_strengths_out_of_bounds_are_refused(make, value, says):
    with pytest.raises(ValueError, match=says):
        make(value)
