"""The loop of blocks with steps of their own: compiled only for runs that ask (`solver: {method: multirate}`)."""

from __future__ import annotations

from twin.integrate.loop import march
from twin.jit import kernel


@kernel
def run(P, J, F, R, E, G, D, M, W, C, X):
    """`twin.integrate.loop.run` with inlets in `W` and steps in `X`."""
    return march(P, J, F, R, E, G, D, M, W, C, X, None)


def compile_engine() -> None:
    """Arm this loop and compile it, or load it from the cache."""
    from twin.integrate.allocate import run_nothing
    from twin.jit import arm

    arm(__name__)
    run_nothing(run, block=True)
