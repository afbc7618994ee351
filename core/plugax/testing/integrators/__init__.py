"""Checks of integrators: ordinary, on stiff equations, stochastic."""
