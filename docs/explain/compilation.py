# %% [markdown]
# # What compilation buys
#
# Python is slow at loops, and NumPy writes every intermediate result to memory. JAX offers a way
# out: describe the computation with pure functions on arrays, and have it compiled into one program
# by XLA. This page shows four classic demonstrations, each plain, compiled, and as the step of a
# solver. `plugax doctor --speed` makes the same table on your machine.
#
# ## Fusion: SELU of a million numbers
#
# SELU is an activation of neural networks: λ x, or λ α (eˣ − 1) if x is negative.

# %%
import jax
import jax.numpy as jnp


def selu(x, scale=1.0507, alpha=1.6733):
    return scale * jnp.where(x > 0, x, alpha * jnp.expm1(x))


x = jax.random.normal(jax.random.key(0), (1_000_000,))
compiled = jax.jit(selu)
assert jnp.allclose(compiled(x), selu(x))

# %% [markdown]
# Plain, JAX does what NumPy does: five operations, each of which reads a million numbers and writes
# a million. `jax.jit` records the operations once, with an abstract array in place of `x` (this is
# called *tracing*), and compiles them into one pass over the memory. Nothing else has changed, and
# on a GPU the same two lines hold.
#
# ## A loop of ten steps
#
# Each operation called from Python costs some microseconds, however small its arrays. Compiled, ten
# steps are one call.

# %%


def ten_steps(x):
    for _ in range(10):
        x = x - 0.1 * jnp.sin(x)
    return x


assert jnp.allclose(jax.jit(ten_steps)(x), ten_steps(x), atol=1e-6)

# %% [markdown]
# The loop is unrolled while it is traced. A loop of thousands of steps, whose length may depend on
# what it computes, is compiled with `jax.lax.while_loop`. That is the loop that Plugax's runner
# writes for you: `init`, then `step` until `converged`.
#
# ## `vmap`: a function for one example
#
# Write the function for one example, and map it over many:

# %%


def predict(weights, features):  # one example: a vector of features
    return jnp.tanh(features @ weights)


weights = jax.random.normal(jax.random.key(1), (50,)) / 50
data = jax.random.normal(jax.random.key(2), (100, 50))

all_at_once = jax.vmap(predict, in_axes=(None, 0))(weights, data)
one_by_one = jnp.stack([predict(weights, features) for features in data])
assert jnp.allclose(all_at_once, one_by_one, atol=1e-6)

# %% [markdown]
# One product of a matrix and a vector replaces a hundred small products. `px.sweep` does the same
# with whole runs: a solve written for one start becomes a solve of a thousand.
#
# ## Gradients of every example
#
# The gradient of the sum is one call of `jax.grad`. The gradient of *each* example, which private
# learning or the detection of outliers needs, is awkward in most frameworks. Here the three
# transformations compose:

# %%


def loss(weights, features):
    return (predict(weights, features) - 1.0) ** 2


of_each = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0)))(weights, data)
assert of_each.shape == (100, 50)
assert jnp.allclose(
    of_each.mean(0),
    jax.grad(lambda w: jax.vmap(loss, (None, 0))(w, data).mean())(weights),
    atol=1e-6,
)

# %% [markdown]
# ## The table
#
# "In a solver" is the time of one step when the function is the step of a solver and the runner
# repeats it: no call from Python is left at all.

# %%
import subprocess
import sys

command = [sys.executable, "-m", "plugax", "doctor", "--speed"]
print(subprocess.run(command, capture_output=True, text=True).stdout)

# %% [markdown]
# Where operations on long arrays dominate, the gain is what is saved in memory traffic: up to three
# times on a quiet machine. Where Python dominates, it is ten to a hundred thousand times.
#
# ## The price: pure functions, and keys
#
# - **A compiled function must be pure.** Its result depends on its arguments alone. Python code
#   runs once, while tracing: a `print` prints once, a list that is appended to grows once, and a
#   global variable is frozen at its first value.
# - **Shapes are fixed.** Another shape is another compilation. Values may change freely, and so may
#   the number of steps of a run, which Plugax passes as an argument.
# - **`if` on a value needs `jnp.where` or `jax.lax.cond`**, since the value is not there yet while
#   tracing.
# - **Random numbers come from keys.** A pure function cannot ask a hidden generator for the next
#   number, so it takes a key: the same key gives the same numbers. Plugax gives every step the key
#   that follows from the seed and the number of the step. For this reason a run that was
#   interrupted and resumed is the run that was not, bit for bit.

# %%
key = jax.random.key(0)
assert jax.random.normal(key) == jax.random.normal(key)
assert jax.random.normal(jax.random.fold_in(key, 1)) != jax.random.normal(key)

# %% [markdown]
# - **The first call is slow.** Compilation takes about a second for a run of a bundled problem. The
#   command line keeps compiled programs for the next run; `plugax doctor` shows where.
