"""Steady states of a plant: where it comes to rest, and whether it stays there."""
