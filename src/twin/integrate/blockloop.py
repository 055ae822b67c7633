"""The loop of blocks with steps of their own: compiled only for runs that ask (`solver: {method: multirate}`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twin.integrate.loop import march
from twin.jit import kernel
from twin.plant.evaluate import observe, rates


class Seen(NamedTuple):
    """The whole plant at an instant."""

    t: Any  #: [1]
    y: Any  #: [n_y]
    p: Any  #: [n_p]
    w: Any  #: [n_w] filled
    dy: Any  #: [n_y] filled


@kernel
def observe_all(P, S):
    """Streams, integrals, measurements and holdups of the whole plant."""
    rates(P, S.t[0], S.y, S.p, S.w, S.dy)
    observe(P, S.t[0], S.y, S.p, S.w, S.dy)
    return 0


@kernel
def run(P, J, F, R, E, G, D, M, W, C, X):
    """`twin.integrate.loop.run` with inlets in `W` and steps in `X`."""
    return march(P, J, F, R, E, G, D, M, W, C, X, None)


def compile_engine() -> None:
    """Compile this loop, or load it from the cache."""
    from twin.integrate.allocate import run_nothing

    run_nothing(run, block=True)
    compile_observe()


def compile_observe() -> None:
    """Compile what shows the whole plant, or load it from the cache."""
    from twin.jit import call
    from twin.plant.evaluate import no_plant
    from twin.plant.handles import handed

    nothing = no_plant()
    n_y, n_p, n_w = (int(n) for n in nothing.sizes[:3])
    call(observe_all, *handed((nothing, Seen(np.zeros(1), *(np.zeros(n) for n in (n_y, n_p, n_w, n_y))))))
