"""Makes stirred vessels for tests, also in published terms: volumes, flows and molar concentrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import unit_ops.reaction.stirred_vessel as stirred_vessel
from tests.unit_ops.piping.bench import Bench
from unit_ops.reaction.network import configure_reactions
from unit_ops.reaction.stirred_vessel import Discharge, Jacket

SOLVENT = "S"


class Vessel(Bench):
    """A vessel of a solvent S and solutes; the density is the same for all, so that concentrations are exact."""

    def __init__(self, molar_masses: Mapping[str, float], reactions: Any = (), **more: Any) -> None:
        self.names = (SOLVENT, *molar_masses)
        self.M = np.array([0.018, *molar_masses.values()])
        components = {name: {"molar_mass": M} for name, M in zip(self.names, self.M, strict=True)}
        dims, network = configure_reactions(list(reactions), self.names, components, most=None)
        params: dict[str, Any] = {
            "discharge": Discharge.CLOSED, "jacket": Jacket.ADIABATIC, "V_weir": 1.0, "T_limit": 400.0, "key": 1,
            "cp": 4000.0, "rho": 1000.0, "molar_mass": self.M, **network, **more,
        }  # fmt: skip
        super().__init__(stirred_vessel, {"fluids": len(self.names), "solids": 1, **dims}, params, T_jacket=300.0)

    def fractions(self, c: Mapping[str, float]) -> np.ndarray:
        """Mass fractions of a solution of these concentrations [mol/m³]."""
        w = np.array([c.get(name, 0.0) for name in self.names]) * self.M / self.p.rho
        w[0] = 1.0 - w.sum()
        assert w[0] >= 0.0
        return w

    def filled(self, V: float, T: float, c: Mapping[str, float], **more: float) -> np.ndarray:
        """State vector of a volume at these concentrations [mol/m³]."""
        return self.initial(V=V, T=T, w=self.fractions(c), **more)

    def feed(self, V_flow: float, T: float, c: Mapping[str, float]) -> dict[str, Any]:
        return {"T": T, "m_flow": V_flow * float(self.p.rho[0]) * self.fractions(c)}

    def c(self, y: np.ndarray, name: str) -> float:
        """Molar concentration [mol/m³]."""
        i = self.names.index(name)
        return float(self.unpack(y).m[i] / (self.measure("V", y) * self.M[i]))

    def T(self, y: np.ndarray) -> float:
        return self.measure("T", y)


def overflowing(V: float, V_flow: float) -> dict[str, Any]:
    """Parameters of a weir behind which exactly V stands at this flow."""
    tau = 0.1 * V / V_flow
    return {"discharge": Discharge.WEIR, "tau": tau, "V_weir": V - V_flow * tau}
