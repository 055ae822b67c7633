"""Margins of a loop of the linearised plant, the others closed, with a controller of given settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.control.linear.linearise import linearise
from twin.control.linear.loops import Loop
from twin.control.linear.needs import library
from twin.control.linear.point import Point
from twin.control.linear.response import Margins, Response, frequency_response, margins
from twin.control.linear.structure import NEUTRAL, poles
from twin.control.tuning.rules import Settings
from twin.quantity import Array

#: Frequencies at which the plant itself is asked; between them its logarithm is interpolated by cubic splines.
ASKED = 90
#: Frequencies of the search for margins.
GRID = 500
#: The derivative's filter, as the PID controllers have it unless told otherwise.
N = 10.0


@dataclass(frozen=True)
class Opened:
    """Response of what a controller sees, from its output to its measurement."""

    omega: Array
    plant: Response
    delay: float  #: allowed for beside the plant [s]
    unstable: int = 0  #: poles of the plant with this loop open that grow

    def margins(self, settings: Settings) -> Margins:
        """Margins with a controller of the standard form."""

        def L(omega: Array) -> Array:
            return controller(settings, omega) * self.plant(omega) * np.exp(-1j * omega * self.delay)

        return margins(L, self.omega, self.unstable)


def controller(settings: Settings, omega: Array) -> Array:
    """K (1 + 1/(T_i s) + T_d s/(1 + T_d s/N)) at s = jω."""
    s = 1j * omega
    terms = 1.0 + (1.0 / (settings.T_i * s) if settings.T_i > 0.0 else 0.0)
    if settings.T_d > 0.0:
        terms = terms + settings.T_d * s / (1.0 + settings.T_d / N * s)
    return np.asarray(settings.K * terms)


def opened_loop(point: Point, loop: Loop, delay: float, slowest: float, fastest: float) -> Opened:
    """Open a loop of a plant.

    Parameters
    ----------
    point : Point
    loop : Loop
    delay : float
        What sensor, scan and valve add that the plant does not have [s].
    slowest, fastest : float
        Times that the frequencies span [s]: from a hundredth of 1/slowest to thirty times 1/fastest.
    """
    linear = linearise(point, [loop.output], [loop.measurement])
    asked = np.logspace(np.log10(0.01 / slowest), np.log10(30.0 / fastest), ASKED)
    value = frequency_response(linear, asked)[:, 0, 0]
    spline = library("scipy.interpolate").CubicSpline(
        np.log(asked), np.column_stack([np.log(np.abs(value)), np.unwrap(np.angle(value))])
    )

    def plant(omega: Array) -> Array:
        both = spline(np.log(omega))
        return np.asarray(np.exp(both[:, 0] + 1j * both[:, 1]))

    growing = int(np.sum(poles(linear.part()).real > NEUTRAL))
    return Opened(np.logspace(np.log10(asked[0]), np.log10(asked[-1]), GRID), plant, delay, growing)
