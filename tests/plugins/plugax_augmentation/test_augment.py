"""A batch is its pictures one by one; noise and holes are what they say; names are read."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax import PlugaxError
from plugax.errors import UnknownNameError
from plugax_augmentation import (
    Crop,
    Cutout,
    Noise,
    Rotate,
    Scale,
    Shift,
    augment,
    read_augmentations,
)
from plugax_augmentation._augment import augment_one

ALL = (Shift(1), Noise(0.1), Rotate(20), Scale(0.1), Crop(0.2), Cutout(2))


def flip(picture, key):
    return jnp.where(jr.bernoulli(key), picture[..., ::-1], picture)


@pytest.fixture(scope="module")
def pictures():
    return jr.normal(jr.key(0), (4, 2, 6, 5))


def test_a_batch_is_its_pictures_one_by_one(pictures):
    together = jax.jit(lambda key: augment((*ALL, flip), pictures, key))(jr.key(1))
    alone = jax.jit(lambda picture, key: augment_one((*ALL, flip), picture, key))
    for found, picture, key in zip(together, pictures, jr.split(jr.key(1), 4), strict=True):
        # The compiler may contract a product and a sum in one program and not in another.
        np.testing.assert_allclose(found, alone(picture, key), rtol=1e-5, atol=1e-6)


def test_every_picture_and_every_key_gives_another_result(pictures):
    same = jnp.broadcast_to(pictures[:1], pictures.shape)
    once, again, other = (augment(ALL, same, jr.key(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.isclose(once, other).all(axis=(1, 2, 3)).any()
    assert not np.isclose(once[0], once[1]).all()


def test_none_at_all_changes_nothing(pictures):
    np.testing.assert_array_equal(augment((), pictures, jr.key(0)), pictures)


def test_noise_has_its_deviation_and_zero_is_the_identity(pictures):
    np.testing.assert_array_equal(Noise(0)(pictures[0], jr.key(0)), pictures[0])
    noise = Noise(3.0)(jnp.zeros((100, 100)), jr.key(0))
    # Five standard errors of mean and deviation of 10 000 numbers.
    assert abs(noise.mean()) < 5 * 3 / 100
    assert abs(noise.std() - 3) < 5 * 3 / (2 * 10_000) ** 0.5


@pytest.mark.parametrize("pixels", [0, 1, 2, 3])
def test_a_hole_is_a_square_around_a_pixel_of_the_picture(pixels):
    holes = 1 - augment((Cutout(pixels),), jnp.ones((300, 2, 6, 5)), jr.key(pixels))
    np.testing.assert_array_equal(holes[:, 0], holes[:, 1])
    sizes = np.asarray(holes[:, 0].sum((1, 2)))
    if pixels == 0:
        assert not sizes.any()
        return
    assert sizes.max() == pixels**2
    assert sizes.min() == (pixels - pixels // 2) ** 2 or pixels == 2
    # Its rows and columns: as many as the side, or fewer at the border.
    rows, columns = np.asarray(holes[:, 0].max(2)), np.asarray(holes[:, 0].max(1))
    np.testing.assert_array_equal(rows[:, :, None] * columns[:, None], holes[:, 0])
    assert rows.any(0).all()
    assert columns.any(0).all()


def test_names_with_strengths_are_read_and_functions_stay():
    texts = ["shift=2", "rotate=10", "scale=0.1", "crop=.2", "noise=1e-2", "cutout=4"]
    expected = Shift(2), Rotate(10.0), Scale(0.1), Crop(0.2), Noise(0.01), Cutout(4)
    assert read_augmentations(texts) == expected
    assert read_augmentations([flip, "shift=2"]) == (flip, Shift(2))
    assert read_augmentations(Shift(1)) == read_augmentations("shift=1") == (Shift(1),)


@pytest.mark.parametrize("examples", [jnp.zeros((4, 5)), jnp.zeros((4, 6, 5), "uint8")])
def test_what_is_no_picture_is_refused(examples):
    with pytest.raises(PlugaxError, match="for pictures of floating-point numbers"):
        augment(ALL, examples, jr.key(0))


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ("shfit=2", UnknownNameError, "no augmentation 'shfit'.*'shift'.*crop, noise, cutout"),
        ("shift", PlugaxError, "shift needs a whole number of pixels, as in shift=2; got 'shift'"),
        ("shift=1.5", PlugaxError, "whole number"),
        ("rotate=far", PlugaxError, "rotate needs a number, as in rotate=0.1"),
        ("scale=2", ValueError, "0 to below 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(given, error, says):
    with pytest.raises(error, match=says):
        read_augmentations(given)
