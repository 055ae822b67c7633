"""The loop of blocks with steps of their own over scans: compiled for `{method: multirate, scans: relaxed}` only."""

from __future__ import annotations

from twin.integrate.loop import march
from twin.jit import kernel


@kernel
def run(P, J, F, R, E, G, D, M, W, C, X, S):
    """`twin.integrate.loop.run` with inlets in `W`, steps in `X` and what an `Over` is for."""
    return march(P, J, F, R, E, G, D, M, W, C, X, S)


def compile_engine() -> None:
    """Compile this loop, and what blocks need beside; or load them from the cache."""
    from twin.integrate.allocate import run_nothing
    from twin.integrate.blockloop import compile_tools

    run_nothing(run, over=True, block=True)
    compile_tools()
