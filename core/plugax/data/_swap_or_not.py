"""A random permutation whose places are computed one by one, without the order of all numbers.

In each of r rounds, the numbers 0 … n − 1 are paired by a random offset k, x with (k − x) mod n,
and every pair is swapped or not, according to a random bit of the pair. So each place of a
permutation costs r rounds, whereas sorting by random keys takes n log n operations before the first
place is known.

After r rounds, the distribution of a number's place differs from the uniform one by at most
½ √(n / 2ʳ) in total variation; r = 2 log₂ n + 16 makes that less than 1 / (500 √n).

Source: V. T. Hoang, B. Morris and P. Rogaway, An enciphering scheme based on a card shuffle, CRYPTO
2012, doi 10.1007/978-3-642-32009-5_1. The bits are the first of what the last step of A. Appleby's
MurmurHash3 makes of pair and round.
"""

import math

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Int, PRNGKeyArray, UInt32


class Shuffle(eqx.Module):
    """A permutation of 0 … n − 1.

    Attributes:
        offsets: k of every round, below n.
        salts: random numbers that make the bits of every round different.
    """

    offsets: Int[Array, " rounds"]
    salts: UInt32[Array, " rounds"]


def shuffle(key: PRNGKeyArray, size: int) -> Shuffle:
    """A random permutation of `size` numbers."""
    rounds = 2 * math.ceil(math.log2(size)) + 16
    # The remainder favours small offsets by n / 2³² at most.
    bits = jr.bits(key, (2, rounds), "uint32")
    return Shuffle((bits[0] % size).astype("int32"), bits[1])


def permute(
    places: Int[Array, " b"], which: Bool[Array, " b"], shuffles: tuple[Shuffle, Shuffle], size: int
) -> Int[Array, " b"]:
    """The numbers at these places of the first permutation, or of the second if `which` is true.

    Law: over all `size` places, every number occurs once.
    """

    def swap_or_not(
        numbers: Int[Array, " b"], shuffles: tuple[Shuffle, Shuffle]
    ) -> tuple[Int[Array, " b"], None]:
        first, second = shuffles
        partners = jnp.where(which, second.offsets, first.offsets) - numbers
        partners = jnp.where(partners < 0, partners + size, partners)
        pairs = jnp.maximum(numbers, partners).astype("uint32")
        swapped = _bits(pairs ^ jnp.where(which, second.salts, first.salts))
        return jnp.where(swapped, partners, numbers), None

    return lax.scan(swap_or_not, places, shuffles)[0]


def _bits(numbers: UInt32[Array, " b"]) -> Bool[Array, " b"]:
    """One bit for every number; each bit of the number flips it in half of all cases."""
    numbers = (numbers ^ (numbers >> 16)) * jnp.uint32(0x85EBCA6B)
    numbers = (numbers ^ (numbers >> 13)) * jnp.uint32(0xC2B2AE35)
    return numbers >= jnp.uint32(1 << 31)


def permute_on_host(
    places: Int[np.ndarray, " b"], shuffle: Shuffle, size: int
) -> Int[np.ndarray, " b"]:
    """As `permute`, of one permutation, by NumPy: in place, since new arrays take most of the time.

    Arguments:
        places: the places, in 32 bits.
        shuffle: the permutation, in NumPy arrays.
        size: of how many numbers.
    """
    numbers = places.copy()
    partners, bits, spare = (np.empty_like(numbers) for _ in range(3))
    unsigned, more = bits.view(np.uint32), spare.view(np.uint32)
    for offset, salt in zip(np.asarray(shuffle.offsets), np.asarray(shuffle.salts), strict=True):
        np.subtract(offset, numbers, out=partners)
        np.right_shift(partners, 31, out=bits)  # -1, all bits, if negative
        np.bitwise_and(bits, np.int32(size), out=bits)
        partners += bits
        np.maximum(numbers, partners, out=bits)
        unsigned ^= salt
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            np.right_shift(unsigned, shift, out=more)
            unsigned ^= more
            unsigned *= np.uint32(factor)
        np.right_shift(bits, 31, out=bits)  # all bits if the pair is swapped
        partners ^= numbers
        partners &= bits
        numbers ^= partners
    return numbers
