"""Discrete time: a scenario becomes SimPy processes, whose actions cut the run into segments."""
