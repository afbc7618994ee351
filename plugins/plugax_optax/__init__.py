"""Optax's optimizers by their own names, and the solver `gradient` that uses any optimizer."""

from plugax import hookimpl

OPTIMIZERS = {
    "adabelief": "Adam with the variance of the gradient around its mean; Zhuang et al., 2020",
    "adadelta": "Steps in the ratio of past steps to past gradients; Zeiler, 2012",
    "adafactor": "Adam with factored second moments, little memory; Shazeer and Stern, 2018",
    "adagrad": "Steps divided by the root of all squared gradients so far; Duchi et al., 2011",
    "adam": "Adaptive first and second moments; Kingma and Ba, 2014",
    "adamax": "Adam with the infinity norm for second moment; Kingma and Ba, 2014",
    "adamaxw": "Adamax with decoupled weight decay",
    "adamw": "Adam with decoupled weight decay; Loshchilov and Hutter, 2019",
    "adan": "Adaptive Nesterov momentum; Xie et al., 2022",
    "amsgrad": "Adam whose second moment never falls; Reddi et al., 2018",
    "fromage": "Steps relative to the norm of each layer; Bernstein et al., 2020",
    "lamb": "Adam with layer-wise trust ratios, for large batches; You et al., 2019",
    "lars": "Momentum with layer-wise trust ratios, for large batches; You et al., 2017",
    "lbfgs": "Quasi-Newton with limited memory and a line search; Liu and Nocedal, 1989",
    "lion": "Sign of an interpolated momentum; Chen et al., 2023",
    "nadam": "Adam with Nesterov momentum; Dozat, 2016",
    "nadamw": "Nadam with decoupled weight decay",
    "noisy_sgd": "Gradient descent with annealed Gaussian noise; Neelakantan et al., 2014",
    "novograd": "Adam with one second moment per layer; Ginsburg et al., 2019",
    "optimistic_adam_v2": "Adam with optimistic gradients, for games; Daskalakis et al., 2017",
    "optimistic_gradient_descent": "Extrapolated gradients, for games; Mokhtari et al., 2019",
    "polyak_sgd": "Step size from the gap to the known minimum; Loizou et al., 2021",
    "radam": "Adam with rectified variance, needs no warm-up; Liu et al., 2019",
    "rmsprop": "Steps divided by the root mean square of recent gradients; Hinton, 2012",
    "rprop": "Step sizes grown and shrunk by the gradient's sign; Riedmiller and Braun, 1993",
    "sgd": "Gradient descent, with momentum and Nesterov's if wanted; Sutskever et al., 2013",
    "sign_sgd": "The sign of the gradient; Bernstein et al., 2018",
    "signum": "The sign of the momentum; Bernstein et al., 2018",
    "sm3": "Adagrad with a cover of the second moments, little memory; Anil et al., 2019",
    "yogi": "Adam with a second moment that changes slowly; Zaheer et al., 2018",
}


@hookimpl
def register_optimizers(register):
    """Register one optimizer for every alias of optax, from `_aliases`."""
    for name, summary in OPTIMIZERS.items():
        register(name, f"plugax_optax._aliases:{name}", summary=summary)


@hookimpl
def register_solvers(register):
    """Register gradient descent with any optimizer."""
    register(
        "gradient",
        "plugax_optax._gradient:GradientDescent",
        summary="First-order descent with any optimizer: sgd, adam, lbfgs, …",
    )
