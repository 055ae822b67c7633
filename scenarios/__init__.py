"""Scenarios as YAML; a package so that they are found from a wheel."""
