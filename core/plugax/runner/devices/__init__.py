"""Devices and processes, and functions of one member spread over them."""
