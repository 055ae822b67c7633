"""Moisture on either basis, and friability as wear in proportion to density over strength."""

from __future__ import annotations

import pytest

from unit_ops.quality import attributes


def test_loss_on_drying() -> None:
    assert attributes.loss_on_drying(0.25) == pytest.approx(0.2, rel=1e-15)
    assert attributes.dry_basis(0.2) == pytest.approx(0.25, rel=1e-15)
    assert attributes.loss_on_drying(0.0) == 0.0


def test_friability() -> None:
    """1200 kg/m³ fall 100 times by 156 mm: 183.6 kJ/m³; of 2 MPa and K = 0.05 that is 0.46 %."""
    loss = attributes.friability(2e6, 1200.0, 0.05)
    assert loss == pytest.approx(0.05 * 1200.0 * 9.80665 * 15.6 / 2e6, rel=1e-12)
    assert 0.0045 < loss < 0.0047
    assert attributes.friability(1e6, 1200.0, 0.05) == pytest.approx(2.0 * loss, rel=1e-12)
    assert attributes.wear_coefficient(loss, 2e6, 1200.0) == pytest.approx(0.05, rel=1e-12)
