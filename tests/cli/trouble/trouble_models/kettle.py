"""A kettle whose reaction heats itself and is not used up: Semenov's thermal explosion without cooling.

dT/dt = (R T_0²/E)/t_ad exp(E (T - T_0)/(R T_0²)), which from T = T_0 is beyond all bounds at t_ad
(Frank-Kamenetskii, Diffusion and Heat Transfer in Chemical Kinetics, 2nd ed., ISBN 978-0-306-30349-4).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Nominal, Range


class State(NamedTuple):
    T: Annotated[float, "K", "temperature", Nominal(300.0)]


class Params(NamedTuple):
    T_0: Annotated[float, "K", "temperature at the start", Range(200.0, 500.0)]
    T_A: Annotated[float, "K", "activation energy over the gas constant", Range(1e3, 1e5)]
    t_ad: Annotated[float, "s", "time to the explosion", Range(1e-3, 1e7)]


class Inlets(NamedTuple):
    pass


@kernel
def derivatives(x, p):
    width = p.T_0 * p.T_0 / p.T_A
    return State(width / p.t_ad * math.exp((x.T - p.T_0) / width))


def initial_state(initial: object, p: Params) -> State:
    """At T_0."""
    return State(p.T_0)
