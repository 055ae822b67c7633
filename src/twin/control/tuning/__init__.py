"""Tuning of controllers on the twin: experiments, identification, rules, optimisation."""
