"""Quality attributes that follow from others: moisture on either basis, and friability as an estimate.

The drum of USP <1216> lets tablets fall 100 times by 156 mm. What they lose is taken for wear in
Archard's sense, the volume lost over that of the tablet as the work of the falls per volume over strength,

    loss = K ρ g h n/σ

K is a number without unit that has to be measured for a formulation; with it the formula says how the
loss moves with strength and density. It is an estimate: a drum also chips edges and takes off caps, and powers of
the strength other than −1 are found (docs/validation/friability.md).

References: Archard, J. Appl. Phys. 24 (1953) 981, doi:10.1063/1.1721448 (wear); Osei-Yeboah & Sun, Int. J. Pharm. 484
(2015) 146 (power law of friability over tensile strength); United States Pharmacopeia <1216> Tablet Friability (drum;
limit of 1 %), <731> Loss on Drying.
"""

from __future__ import annotations

from typing import Annotated

from twin.jit import kernel

G_GRAVITY: Annotated[float, "m/s^2", "standard gravity"] = 9.80665
DROP: Annotated[float, "m", "height of a fall in the drum"] = 0.156
DROPS = 100.0


@kernel
def loss_on_drying(X):
    """Liquid over the moist whole, from liquid over dry solids X."""
    return X / (1.0 + X)


@kernel
def dry_basis(lod):
    """Liquid over dry solids, from the loss on drying."""
    return lod / (1.0 - lod)


@kernel
def friability(strength, rho, wear):
    """Part of the tablets' mass lost in the drum; tensile strength [Pa], density [kg/m³], wear coefficient K."""
    return wear * rho * G_GRAVITY * DROP * DROPS / strength


@kernel
def wear_coefficient(loss, strength, rho):
    """Wear coefficient K from a friability that was measured on tablets of known strength and density."""
    return loss * strength / (rho * G_GRAVITY * DROP * DROPS)
