"""The loop of blocks with steps of their own: compiled only for runs that ask (`solver: {method: multirate}`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twin.integrate.loop import march
from twin.jit import kernel
from twin.plant.evaluate import ask


class Seen(NamedTuple):
    """The whole plant at an instant."""

    t: Any  #: [1]
    y: Any  #: [n_y]
    p: Any  #: [n_p]
    w: Any  #: [n_w] filled, as far as these calls do
    dy: Any  #: [n_y] lent
    calls: Any  #: [calls, 2]


@kernel
def observe_all(P, S):
    """What some calls give of the whole plant."""
    ask(P, S.calls, S.t[0], S.y, S.p, S.w, S.dy)
    return 0


@kernel
def run(P, J, F, R, E, G, D, M, W, C, X):
    """`twin.integrate.loop.run` with inlets in `W` and steps in `X`."""
    return march(P, J, F, R, E, G, D, M, W, C, X, None)


def compile_engine() -> None:
    """Compile this loop, or load it from the cache."""
    from twin.integrate.allocate import run_nothing
    from twin.jit import call
    from twin.plant.evaluate import no_plant
    from twin.plant.handles import handed

    run_nothing(run, block=True)
    nothing = no_plant()
    n_y, n_p, n_w = (int(n) for n in nothing.sizes[:3])
    seen = Seen(np.zeros(1), *(np.zeros(n) for n in (n_y, n_p, n_w, n_y)), calls=nothing.rates)
    call(observe_all, *handed((nothing, seen)))
