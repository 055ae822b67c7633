"""The loop of blocks with steps of their own: compiled only for runs that ask (`solver: {method: multirate}`)."""

from __future__ import annotations

from functools import partial
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


class Cubics(NamedTuple):
    """What a block's n steps leave for another one, and the pieces of cubics that are made of it."""

    ends: Any  #: [n + 1]
    outlets: Any  #: [n, 4, kept] at 0, 1/3, 2/3 and all of each step
    gained: Any  #: [n, n_q] what the quadratures gained
    outlet: Any  #: [k] columns of `outlets` that are read
    group: Any  #: [k] numbers of one group share a scale
    booked: Any  #: [m, 2] number among the k, and quadrature, of what is booked
    scale: Any  #: [k] greatest value so far
    most: Any  #: [groups] lent
    value: Any  #: [n * k, 4] made: coefficients in powers of the part of the step
    mean: Any  #: [n * k] made: means over the step
    jump: Any  #: [n] made: 1 where the step begins with a jump
    apart: Any  #: [1] part of the scale that is a jump


@kernel
def cubics(S):
    """Make the pieces.

    What is booked as having left is what enters: the cubic's mean is off by the error of the step, and a parabola that
    vanishes at both ends brings it in.
    """
    n, k = S.gained.shape[0], S.outlet.shape[0]
    for i in range(n):
        for node in range(4):
            for j in range(k):
                S.scale[j] = max(S.scale[j], abs(S.outlets[i, node, S.outlet[j]]))
    for j in range(k):
        S.most[S.group[j]] = max(S.most[S.group[j]], S.scale[j])
    for j in range(k):
        S.scale[j] = S.most[S.group[j]]
    for i in range(n):
        for j in range(k):
            column = S.outlet[j]
            start = S.outlets[i, 0, column]
            first = S.outlets[i, 1, column] - start
            second = S.outlets[i, 2, column] - 2.0 * S.outlets[i, 1, column] + start
            third = S.outlets[i, 3, column] - start - 3.0 * (S.outlets[i, 2, column] - S.outlets[i, 1, column])
            row = i * k + j
            S.value[row, 0] = start
            S.value[row, 1] = 3.0 * first - 1.5 * second + third
            S.value[row, 2] = 4.5 * (second - third)
            S.value[row, 3] = 4.5 * third
            S.mean[row] = start + 1.5 * first + 0.75 * second + 0.125 * third
            if i > 0 and abs(start - S.outlets[i - 1, 3, column]) > S.apart[0] * S.scale[j]:
                S.jump[i] = 1.0
        for b in range(S.booked.shape[0]):
            row = i * k + S.booked[b, 0]
            short = S.gained[i, S.booked[b, 1]] / (S.ends[i + 1] - S.ends[i]) - S.mean[row]
            S.value[row, 1] += 6.0 * short
            S.value[row, 2] -= 6.0 * short
            S.mean[row] += short
    return 0


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

    run_nothing(run, block=True)
    compile_tools()


def compile_tools() -> None:
    """Compile what blocks need beside a loop, or load it from the cache."""
    from twin.jit import call
    from twin.plant.evaluate import no_plant
    from twin.plant.handles import handed

    nothing = no_plant()
    n_y, n_p, n_w = (int(n) for n in nothing.sizes[:3])
    seen = Seen(np.zeros(1), *(np.zeros(n) for n in (n_y, n_p, n_w, n_y)), calls=nothing.rates)
    call(observe_all, *handed((nothing, seen)))
    f, i = np.zeros, partial(np.zeros, dtype=np.int64)
    none = Cubics(f(1), f((0, 4, 0)), f((0, 0)), i(0), i(0), i((0, 2)), f(0), f(0), f((0, 4)), f(0), f(0), f(1))
    call(cubics, *handed((none,)))
