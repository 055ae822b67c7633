"""Mixing rules of powder properties: by hand, at their limits, and with the database's powders."""

from __future__ import annotations

import numpy as np
import pytest

from twin.config.components import database
from unit_ops.powder import mixing


def test_volumes_add() -> None:
    """1 kg at 500 and 1 kg at 1000 kg/m³ are 2 kg in 3 L."""
    assert mixing.density([1.0, 1.0], [500.0, 1000.0]) == pytest.approx(2000.0 / 3.0, rel=1e-14)


def test_surfaces_add() -> None:
    """Equal volumes of 10 and 100 µm: surfaces as 10 to 1, and the size 20/1.1 µm."""
    w = [0.5, 1.0]  # densities as 1 to 2, so that volumes are equal
    assert mixing.surface_shares(w, [800.0, 1600.0], [10e-6, 100e-6]) == pytest.approx([10.0 / 11.0, 1.0 / 11.0])
    assert mixing.particle_size(w, [800.0, 1600.0], [10e-6, 100e-6]) == pytest.approx(20e-6 / 1.1, rel=1e-14)


def test_fines_decide_how_a_blend_flows() -> None:
    rho, d, ff = [1300.0, 1500.0], [10e-6, 100e-6], [2.0, 8.0]
    found = [mixing.flow_function([x, 1.0 - x], rho, d, ff) for x in (0.0, 0.1, 0.5, 1.0)]
    assert found[0] == pytest.approx(8.0, rel=1e-14)
    assert found[-1] == pytest.approx(2.0, rel=1e-14)
    assert found == sorted(found, reverse=True)
    assert found[1] < 0.9 * 8.0 + 0.1 * 2.0  # a tenth of fines does more than its mass


def test_the_compressibility_of_the_pharmacopoeia() -> None:
    assert mixing.hausner_ratio(500.0, 400.0) == pytest.approx(1.25, rel=1e-15)
    assert mixing.carr_index(500.0, 400.0) == pytest.approx(0.2, rel=1e-15)


def test_every_powder_of_the_database_can_be_mixed() -> None:
    """A tablet's blend: between its powders in everything, and tapped denser than poured."""
    names = ("paracetamol", "mcc", "magnesium_stearate")
    w = [0.2, 0.79, 0.01]
    data = {
        key: np.array([database().values[name][key] for name in names])
        for key in ("rho_solid", "rho_bulk", "rho_tapped", "d_50", "flow_function")
    }
    bulk, tapped = mixing.density(w, data["rho_bulk"]), mixing.density(w, data["rho_tapped"])
    assert data["rho_bulk"].min() < bulk < tapped < data["rho_solid"].min()
    assert 1.0 < mixing.hausner_ratio(tapped, bulk) < 1.6
    ff = mixing.flow_function(w, data["rho_solid"], data["d_50"], data["flow_function"])
    assert data["flow_function"].min() < ff < data["flow_function"].max()


@pytest.mark.parametrize("w", [[0.0, 0.0], [-0.1, 1.1]])
def test_what_is_no_blend_is_refused(w: list[float]) -> None:
    with pytest.raises(ValueError, match="amounts of powders"):
        mixing.density(w, [500.0, 1000.0])
