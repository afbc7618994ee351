"""A line search as a state machine: one evaluation of loss and slope at a time.

It looks for a length α with enough decrease and a small remaining slope (strong Wolfe conditions),

    f(α) ≤ f(0) + c₁ α f′(0),    |f′(α)| ≤ −c₂ f′(0),    c₁ = 10⁻⁴.

A length with enough decrease at which the loss still falls steeply is a lower bound of a good
length; any other length is an upper bound. Between the two, the next trial is the minimum of the
cubic through them; without an upper bound it is the zero of the secant of the slope, further out. A
trial at which the loss is not finite is an upper bound. After a few trials the interval is halved.

If the decrease is below rounding, the slopes decide: f(α) ≤ f(0) + rounding and
f′(α) ≤ −(1 − 2 c₁) f′(0) are enough.

Source: Nocedal and Wright 2006, Numerical Optimization, section 3.5,
doi 10.1007/978-0-387-40065-5; the slopes instead of the decrease: Hager and Zhang 2005, doi
10.1137/030601880.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

SUFFICIENT_DECREASE = 1e-4
HALVE_AFTER = 5
MOST_TRIALS = 25
ROUNDING_UNITS = 10


class Point(eqx.Module):
    """A length, with the loss and the slope there.

    Attributes:
        length: α.
        loss: f(α).
        slope: f′(α).
    """

    length: Float[Array, ""]
    loss: Float[Array, ""]
    slope: Float[Array, ""]


class Search(eqx.Module):
    """The state of a search.

    Attributes:
        length: the next trial.
        tried: the last trial.
        start: the point at α = 0.
        lower: the longest length known to be too short.
        upper: the shortest length known to be too long.
        bounded: whether an upper bound is known.
        trials: the number of lengths tried.
    """

    length: Float[Array, ""]
    tried: Float[Array, ""]
    start: Point
    lower: Point
    upper: Point
    bounded: Bool[Array, ""]
    trials: Int[Array, ""]


class Verdict(eqx.Module):
    """The result of one trial.

    Attributes:
        search: the search after the trial.
        accepted: whether the length is good.
        failed: whether it was the last trial, and not good.
        settled: whether the loss differs from f(0) by rounding only.
    """

    search: Search
    accepted: Bool[Array, ""]
    failed: Bool[Array, ""]
    settled: Bool[Array, ""]


def begin(loss: Float[Array, ""], slope: Float[Array, ""], length: Float[Array, ""]) -> Search:
    """A new search.

    Arguments:
        loss: f(0).
        slope: f′(0), negative.
        length: the first trial.
    """
    start = Point(jnp.zeros_like(length), loss, slope)
    none = jnp.asarray(0, "int32")
    return Search(length, start.length, start, start, start, jnp.asarray(False), none)


def judge(
    search: Search,
    loss: Float[Array, ""],
    slope: Float[Array, ""],
    curvature: float | Float[Array, ""],
) -> Verdict:
    """Judge the present trial of a search.

    Arguments:
        search: the search.
        loss: f at the trial.
        slope: f′ at the trial.
        curvature: c₂.
    """
    start, trials = search.start, search.trials + 1
    here = Point(search.length, loss, slope)
    rounding = ROUNDING_UNITS * jnp.finfo(loss.dtype).eps * jnp.abs(start.loss)
    # Comparisons with NaN are false, so such a trial is neither of these.
    enough = loss <= start.loss + SUFFICIENT_DECREASE * here.length * start.slope
    level = jnp.abs(loss - start.loss) <= rounding
    gentle = slope <= (2 * SUFFICIENT_DECREASE - 1) * start.slope
    decreased = (enough | (level & gentle)) & jnp.isfinite(loss) & jnp.isfinite(slope)
    accepted = decreased & (jnp.abs(slope) <= -jnp.asarray(curvature, slope.dtype) * start.slope)
    last = trials >= MOST_TRIALS
    accepted = accepted | (last & jnp.isfinite(slope) & (loss < start.loss))
    short = decreased & (slope < 0)
    lower = _choose(short, here, search.lower)
    upper = _choose(short, search.upper, here)
    bounded = search.bounded | ~short
    between = _between(lower, upper, trials)
    length = jnp.where(bounded, between, _beyond(search.lower, here))
    # The last trial is the best length known, which may not fulfil the conditions.
    closing = (trials == MOST_TRIALS - 1) & (lower.length > 0)
    length = jnp.where(closing, lower.length, length)
    after = Search(length, here.length, start, lower, upper, bounded, trials)
    return Verdict(after, accepted, last & ~accepted, level)


def _choose(first: Bool[Array, ""], one: Point, other: Point) -> Point:
    return Point(
        jnp.where(first, one.length, other.length),
        jnp.where(first, one.loss, other.loss),
        jnp.where(first, one.slope, other.slope),
    )


def _between(lower: Point, upper: Point, trials: Int[Array, ""]) -> Float[Array, ""]:
    """The minimum of the cubic through both ends, not too near to either end."""
    width = upper.length - lower.length
    mean = lower.slope + upper.slope - 3 * (upper.loss - lower.loss) / width
    root = jnp.sqrt(mean**2 - lower.slope * upper.slope)
    part = 1 - (upper.slope + root - mean) / (upper.slope - lower.slope + 2 * root)
    part = jnp.where(jnp.isfinite(part) & (trials < HALVE_AFTER), jnp.clip(part, 0.1, 0.9), 0.5)
    # If the upper end is far beyond the range of finite losses, halving would take too long.
    part = jnp.where(jnp.isfinite(upper.loss) & jnp.isfinite(upper.slope), part, 0.1)
    return lower.length + part * width


def _beyond(before: Point, here: Point) -> Float[Array, ""]:
    """A longer length, at which the slope would be zero by linear extrapolation."""
    stretch = here.length - before.length
    further = -here.slope * stretch / (here.slope - before.slope)
    sound = jnp.isfinite(further) & (further > 0)
    further = jnp.where(sound, jnp.clip(further, stretch, 9 * stretch), 9 * stretch)
    return here.length + further
