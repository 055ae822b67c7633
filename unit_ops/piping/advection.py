"""Liquid carried through a row of full cells: values on faces, first order or second with a smooth limiter.

The volume flow is the same everywhere, so that every cell keeps its volume: what crosses a face is
the volume flow times the composition there, scaled so that its components fill exactly that volume.

References: van Albada, van Leer, Roberts, Astron. Astrophys. 108 (1982) 76; LeVeque, Finite Volume
Methods for Hyperbolic Problems, Cambridge 2002 (ISBN 978-0-521-00924-9).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from twin.jit import kernel
from unit_ops.smooth import van_albada
from unit_ops.streams import T_REF

T_SPAN: Annotated[float, "K", "difference of temperature of which limiter_eps is a part"] = 100.0


class Scheme(IntEnum):
    """How values on faces follow from cells."""

    UPWIND = 0  #: first order: n cells act exactly as n tanks in series
    VAN_ALBADA = 1  #: second order, smooth


@kernel
def face_step(scheme, before, after, eps):
    """Difference across a cell from those to its neighbours; C∞, free where both are small."""
    if scheme == Scheme.VAN_ALBADA:
        return van_albada(before, after, eps * eps)
    return 0.0 * before


@kernel
def cell_temperature(m, H, cp, j):
    C = 0.0
    for i in range(m.shape[0]):
        C += m[i, j] * cp[i]
    return T_REF + H[j] / C


@kernel
def face_contents(m, H, cp, rho, V_cell, scheme, limiter_eps, share, T_face):
    """Mass of each component per volume that crosses the outer face of each cell, and its temperature.

    The first and the last cell are taken as constant.
    """
    n = T_face.shape[0]
    for j in range(n):
        T_face[j] = cell_temperature(m, H, cp, j)
    before = 0.0 * T_face[0]
    T_here = T_face[0]
    for j in range(n):
        after = 0.0 * T_here
        T_next = T_here
        if j < n - 1:
            T_next = T_face[j + 1]
            after = T_next - T_here
        if 0 < j < n - 1:
            T_face[j] = T_here + 0.5 * face_step(scheme, before, after, T_SPAN * limiter_eps)
        before = after
        T_here = T_next
    for j in range(n):
        volume = 0.0
        for i in range(m.shape[0]):
            value = m[i, j]
            if 0 < j < n - 1:
                eps = rho[i] * V_cell * limiter_eps
                value += 0.5 * face_step(scheme, m[i, j] - m[i, j - 1], m[i, j + 1] - m[i, j], eps)
            share[i, j] = value
            volume += value / rho[i]
        for i in range(m.shape[0]):
            share[i, j] = share[i, j] / volume


@kernel
def carry(Q, feed, cp, share, T_face, dm, dH):
    """What the volume flow Q brings into each cell less what it takes out, components and enthalpy."""
    n = T_face.shape[0]
    for j in range(n):
        H_change = 0.0
        for i in range(dm.shape[0]):
            if j == 0:
                m_in = feed.m_flow[i]
                H_in = m_in * cp[i] * (feed.T - T_REF)
            else:
                m_in = Q * share[i, j - 1]
                H_in = m_in * cp[i] * (T_face[j - 1] - T_REF)
            m_out = Q * share[i, j]
            dm[i, j] = m_in - m_out
            H_change += H_in - m_out * cp[i] * (T_face[j] - T_REF)
        dH[j] = H_change
