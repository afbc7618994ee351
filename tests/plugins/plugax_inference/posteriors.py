"""The nine posteriors of posteriordb (Magnusson et al., https://github.com/stan-dev/posteriordb).

Every function takes the data of a posterior as NumPy arrays, and returns the problem.
"""

import jax
import jax.numpy as jnp
from jax.scipy.stats import cauchy, gamma, multivariate_normal, norm

import plugax as px
from plugax_inference import EightSchools, Interval, Ordered, Positive, Posterior, Real, Simplex


def eight_schools(data):
    return EightSchools()


def kilpisjarvi(data):
    def log_density(p, d):
        mean = p["alpha"] + p["beta"] * d["x"]
        return (
            norm.logpdf(p["alpha"], d["pmualpha"], d["psalpha"])
            + norm.logpdf(p["beta"], d["pmubeta"], d["psbeta"])
            + norm.logpdf(d["y"], mean, p["sigma"]).sum()
        )

    return Posterior(log_density, {"alpha": Real(), "beta": Real(), "sigma": Positive()}, data)


def autoregression(data):
    lags = 5

    def log_density(p, d):
        y = d["y"]
        past = jnp.stack([y[lags - k : len(y) - k] for k in range(1, lags + 1)], axis=1)
        mean = p["alpha"] + past @ p["beta"]
        return (
            norm.logpdf(p["alpha"], 0.0, 10.0)
            + norm.logpdf(p["beta"], 0.0, 10.0).sum()
            + cauchy.logpdf(p["sigma"], 0.0, 2.5)
            + norm.logpdf(y[lags:], mean, p["sigma"]).sum()
        )

    spaces = {"alpha": Real(), "beta": Real((lags,)), "sigma": Positive()}
    return Posterior(log_density, spaces, {"y": data["y"]})


def garch(data):
    def log_density(p, d):
        y = d["y"]
        beta = p["part"] * (1 - p["alpha1"])

        def advance(variance, before):
            following = p["alpha0"] + p["alpha1"] * (before - p["mu"]) ** 2 + beta * variance
            return following, following

        first = d["sigma1"] ** 2
        _, variances = jax.lax.scan(advance, first, y[:-1])
        scale = jnp.sqrt(jnp.concatenate([first[None], variances]))
        # The density of beta1, which is uniform below 1 − alpha1, in terms of the part.
        return norm.logpdf(y, p["mu"], scale).sum() + jnp.log1p(-p["alpha1"])

    spaces = {
        "mu": Real(),
        "alpha0": Positive(),
        "alpha1": Interval(0.0, 1.0),
        "part": Interval(0.0, 1.0),
    }
    derived = lambda p, d: {"beta1": p["part"] * (1 - p["alpha1"])}  # noqa: E731
    return Posterior(log_density, spaces, {n: data[n] for n in ("y", "sigma1")}, derived)


def lotka_volterra(data):
    integrator = px.integrator("rk4")
    steps = 10

    def log_normal(x, mean, scale):
        return norm.logpdf(jnp.log(x), mean, scale) - jnp.log(x)

    def log_density(p, d):
        a, b, c, e = p["theta"]

        def field(t, z):
            return jnp.stack([(a - b * z[1]) * z[0], (-c + e * z[0]) * z[1]])

        start = p["z_init"]
        after = integrator.trajectory(
            field, start, dt=1 / steps, steps=steps * len(d["y"]), every=steps
        )
        rates, effects = p["theta"][jnp.asarray([0, 2])], p["theta"][jnp.asarray([1, 3])]
        return (
            norm.logpdf(rates, 1.0, 0.5).sum()
            + norm.logpdf(effects, 0.05, 0.05).sum()
            + log_normal(p["sigma"], -1.0, 1.0).sum()
            + log_normal(start, jnp.log(10.0).astype(start.dtype), 1.0).sum()
            + log_normal(d["y_init"], jnp.log(start), p["sigma"]).sum()
            + log_normal(d["y"], jnp.log(after), p["sigma"][None]).sum()
        )

    spaces = {"theta": Positive((4,)), "z_init": Positive((2,)), "sigma": Positive((2,))}
    return Posterior(log_density, spaces, {n: data[n] for n in ("y", "y_init")})


def hidden_markov(data):
    def log_density(p, d):
        table = jnp.log(jnp.stack([p["theta1"], p["theta2"]]))
        seen = norm.logpdf(d["y"][:, None], p["mu"][None], 1.0)

        def advance(before, now):
            return jax.nn.logsumexp(before[:, None] + table, axis=0) + now, None

        last, _ = jax.lax.scan(advance, seen[0], seen[1:])
        prior = norm.logpdf(p["mu"], jnp.asarray([3.0, 10.0], last.dtype), 1.0).sum()
        return jax.nn.logsumexp(last) + prior

    positive = {"mu": Ordered(2)}
    # 0 < mu_1 as well: the chain never comes near.
    spaces = {"theta1": Simplex(2), "theta2": Simplex(2), **positive}
    return Posterior(log_density, spaces, {"y": data["y"]})


def gaussian_process(data):
    def log_density(p, d):
        x = d["x"]
        apart = (x[:, None] - x[None, :]) ** 2
        kernel = p["alpha"] ** 2 * jnp.exp(-apart / (2 * p["rho"] ** 2))
        kernel = kernel + p["sigma"] * jnp.eye(len(x), dtype=x.dtype)
        return (
            gamma.logpdf(p["rho"], 25.0, scale=0.25)
            + norm.logpdf(p["alpha"], 0.0, 2.0)
            + norm.logpdf(p["sigma"], 0.0, 1.0)
            + multivariate_normal.logpdf(d["y"], jnp.zeros_like(d["y"]), kernel)
        )

    spaces = {name: Positive() for name in ("rho", "alpha", "sigma")}
    return Posterior(log_density, spaces, {n: data[n] for n in ("x", "y")})


def log_mesquite(data):
    names = ("diam1", "diam2", "canopy_height", "total_height", "density")
    columns = [jnp.ones_like(data["group"]), *(jnp.log(data[n]) for n in names), data["group"]]
    return _regression(jnp.stack(columns, axis=1), jnp.log(data["weight"]), prior=False)


def linear(data):
    return _regression(jnp.asarray(data["X"]), data["y"], prior=True)


def _regression(design, y, *, prior):
    def log_density(p, d):
        value = norm.logpdf(d["y"], d["design"] @ p["beta"], p["sigma"]).sum()
        if prior:
            value += norm.logpdf(p["beta"], 0.0, 10.0).sum() + norm.logpdf(p["sigma"], 0.0, 10.0)
        return value

    spaces = {"beta": Real((design.shape[1],)), "sigma": Positive()}
    return Posterior(log_density, spaces, {"design": design, "y": y})


ALL = {
    "eight_schools-eight_schools_noncentered": eight_schools,
    "kilpisjarvi_mod-kilpisjarvi": kilpisjarvi,
    "arK-arK": autoregression,
    "garch-garch11": garch,
    "hudson_lynx_hare-lotka_volterra": lotka_volterra,
    "hmm_example-hmm_example": hidden_markov,
    "gp_pois_regr-gp_regr": gaussian_process,
    "mesquite-logmesquite": log_mesquite,
    "sblrc-blr": linear,
}
