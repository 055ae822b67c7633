"""Diffusion out of spheres, as granules on the shelves of a vacuum dryer lose their liquid."""

from __future__ import annotations

import math

import numpy as np
import pytest

import unit_ops.drying.tray_dryer as tray_dryer
from tests.unit_ops.drying.test_tray_dryer import build
from tests.verification.record import record
from twin import jit
from unit_ops.streams import T_REF

#: Part left at Fourier numbers D t/R².
SPHERE = {0.01: 0.6914862499, 0.05: 0.3930602433, 0.1: 0.2295212620, 0.2: 0.0845044339, 0.5: 0.0043721412}


def test_diffusion_out_of_a_sphere() -> None:
    """6/π² Σ n⁻² exp(−n² π² Fo), surface at zero: a bed that holds back nothing, sorption that is far from full."""
    jit.arm(tray_dryer)
    errors = []
    for shells in (10, 20, 40):
        bench = build(shells, P=0.0, T_shelf=T_REF, permeance=1e6, X_sorption=10.0, dH_vap=0.0, alpha_wall=1e4)
        y0 = bench.initial(M=1.0, T=T_REF, w=[1.0, 0.0], X=1e-6)
        seconds = np.array(list(SPHERE)) * 5e-4**2 / 1e-10
        y = bench.solve(y0, [0.0, *seconds], method="BDF", rtol=1e-9, atol=1e-16)
        left = y[1:, 2::2].sum(axis=1) / 1e-6
        errors.append(np.abs(left - list(SPHERE.values())).max())
    order = math.log2(errors[1] / errors[2])
    for (Fo, wanted), got in zip(SPHERE.items(), left, strict=True):
        record("Diffusion out of a sphere (tray dryer, 40 shells)", "Crank 1975, ISBN 978-0-19-853411-2",
               f"left at Fo = {Fo:g}", wanted, float(got), order)  # fmt: skip
    assert order > 1.9
    assert errors[-1] < 1.5e-3
    # nothing but rounding was lost in between: liquid, and what left as vapour, is what was there
    x = bench.unpack(y[2])
    assert bench.dx(x).m.sum() == pytest.approx(-bench.outlet("vapour", x).m_flow.sum(), rel=1e-9)
