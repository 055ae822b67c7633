"""A bed of moist particles that gas passes quasi-steadily: temperature, moisture, heat and vapour exchanged.

Works on one column (cell, segment) of arrays of component masses. Gas leaves nearer to the bed by a
factor exp(−N) in temperature and exp(−N f) in each vapour pressure, N = α a M/Ċ_gas the number of
transfer units: N is large in a fluidised bed, where gas leaves all but saturated while the surface is
wet (f = 1), and the falling rate f of the moisture takes over as the bed dries. Heat and mass transfer
alike (Lewis number 1).

References: Mujumdar (ed.), Handbook of Industrial Drying, 4th ed., CRC 2014 (ISBN 978-1-4665-9665-8);
Burgschweiger, Tsotsas, Chem. Eng. Sci. 57 (2002) 5021.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from twin.jit import kernel
from unit_ops.drying.laws import evaporation_flow
from unit_ops.properties.vapour import vapour_pressure
from unit_ops.smooth import above_zero, reciprocal
from unit_ops.streams import T_REF, Gas, Holdup, total

#: Part of the falling-rate period over which its two ends are rounded.
ROUNDED = 0.02
#: Molar flow of gas below which there is none to speak of.
N_LEAST: Annotated[float, "mol/s", "molar flow of gas taken for none"] = 1e-9
F_LEAST: Annotated[float, "W/K", "heat capacity flow of gas taken for none"] = 1e-9


@kernel
def falling(X, X_crit, X_eq, rounded):
    """Drying rate over that of a wet surface: 1 above the critical moisture, linear to 0 at equilibrium.

    Both ends are rounded over the given part of the way.
    """
    z = (X - X_eq) / (X_crit - X_eq)
    return 1.0 - above_zero(1.0 - above_zero(z, rounded), rounded)


@kernel
def column(m, j):
    """Sum over the components of column j."""
    s = 0.0
    for i in range(m.shape[0]):
        s += m[i, j]
    return s


@kernel
def bed_capacity(m_liquid, m_solids, p, j):
    """Heat capacity of column j [J/K]."""
    C = 0.0
    for i in range(m_liquid.shape[0]):
        C += m_liquid[i, j] * p.cp[i]
    for i in range(m_solids.shape[0]):
        C += m_solids[i, j] * p.cp_solid[i]
    return C


@kernel
def bed_excess(H, C, p):
    """T − T_REF; falls to 0 for a bare cell."""
    return H * reciprocal(C, p.heel * p.cp_solid[0])


@kernel
def volatile_mass(m_liquid, p, j):
    s = 0.0
    for i in range(m_liquid.shape[0]):
        if p.volatile[i] > 0.0:
            s += m_liquid[i, j]
    return s


@kernel
def moisture(m_liquid, m_solids, p, j):
    """Volatile liquid over solids."""
    return volatile_mass(m_liquid, p, j) * reciprocal(column(m_solids, j), p.heel)


@kernel
def gas_capacity(gas, p, cells):
    """Heat capacity flow of gas to each of so many cells [W/K]."""
    C = 0.0
    for i in range(gas.m_flow.shape[0]):
        C += gas.m_flow[i] * p.cp[i]
    return C / cells


@kernel
def gas_moles(gas, p, cells):
    """Molar flow of gas to each of so many cells."""
    n = 0.0
    for i in range(gas.m_flow.shape[0]):
        n += gas.m_flow[i] / p.molar_mass[i]
    return n / cells


@kernel
def bed_units(m_solids, C_gas, p, j):
    """Transfer units of the gas that passes column j."""
    return p.alpha_gas * p.surface * column(m_solids, j) * reciprocal(C_gas, F_LEAST)


@kernel
def heating(C_gas, T_gas, dT, units):
    """Heat that the gas gives to a bed of temperature T_REF + dT [W]."""
    return C_gas * (T_gas - T_REF - dT) * (1.0 - math.exp(-units))


@kernel
def volatile_moles(m_liquid, p, j):
    """Inverse of the moles of volatile liquid, fading for a dry bed."""
    n = 0.0
    for i in range(m_liquid.shape[0]):
        if p.volatile[i] > 0.0:
            n += m_liquid[i, j] / p.molar_mass[i]
    return reciprocal(n, 1e-3 * p.heel / p.molar_mass[0])


@kernel
def bed_evaporation(i, m_liquid, gas, p, j, T, per_mole, units_wet, n_gas, cells):
    """Flow of component i from column j into its gas (negative: condensing) [kg/s]."""
    if p.volatile[i] > 0.0:
        p_gas = p.P * gas.m_flow[i] / (p.molar_mass[i] * cells) * reciprocal(n_gas, N_LEAST)
        p_sat = vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
        p_surface = m_liquid[i, j] / p.molar_mass[i] * per_mole * p_sat
        return evaporation_flow(n_gas, p.molar_mass[i], p.P, p_surface, p_gas, units_wet)
    return 0.0 * gas.m_flow[i]


@kernel
def wet_units(x, C_gas, p, j):
    """Transfer units of the gas that passes column j, for vapour."""
    f = falling(moisture(x.m_liquid, x.m_solids, p, j), p.X_crit, p.X_eq, ROUNDED)
    return bed_units(x.m_solids, C_gas, p, j) * f


@kernel
def gas_above(x, gas, p, out):
    """The gas that has passed all columns of the bed, mixed again."""
    cells = x.H.shape[0]
    C_gas = gas_capacity(gas, p, cells)
    n_gas = gas_moles(gas, p, cells)
    H = C_gas * cells * (gas.T - T_REF)
    C = C_gas * cells
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = gas.m_flow[i]
    for j in range(cells):
        dT = bed_excess(x.H[j], bed_capacity(x.m_liquid, x.m_solids, p, j), p)
        H -= heating(C_gas, gas.T, dT, bed_units(x.m_solids, C_gas, p, j))
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        for i in range(out.m_flow.shape[0]):
            e = bed_evaporation(i, x.m_liquid, gas, p, j, T_REF + dT, per_mole, units, n_gas, cells)
            out.m_flow[i] += e
            H += e * p.cp[i] * dT
            C += e * p.cp[i]
    return Gas(T_REF + H * reciprocal(C, 1e-6 * p.heel * p.cp[0] / p.tau), out.m_flow)


@kernel
def holdup(x, out):
    for i in range(x.m_liquid.shape[0]):
        out.fluids[i] = total(x.m_liquid[i])
    for i in range(x.m_solids.shape[0]):
        out.solids[i] = total(x.m_solids[i])
    return Holdup(total(x.H), out.fluids, out.solids)


def check_params(p: Any) -> dict[str, str]:
    """Refuse moistures in the wrong order."""
    return {"X_crit": "'X_crit' must lie above 'X_eq'"} if p.X_crit <= p.X_eq else {}
