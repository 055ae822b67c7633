"""Predictive controllers: a linear model of the plant, a quadratic program, and what to do when it has no solution."""
