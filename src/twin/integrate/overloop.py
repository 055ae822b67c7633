"""The loop with steps over scans and kept matrices: compiled for plants with units by the clock only."""

from __future__ import annotations

from twin.integrate.loop import march
from twin.jit import kernel


@kernel
def run(P, J, F, R, E, G, D, M, W, C, X, S):
    """`twin.integrate.loop.run` with what an `Over` is for."""
    return march(P, J, F, R, E, G, D, M, W, C, X, S)


def compile_engine() -> None:
    """Compile this loop, or load it from the cache."""
    from twin.integrate.allocate import run_nothing

    run_nothing(run, over=True)
