"""Newborn crystals given to size classes so that their number and their mass are both kept.

What is born in class i, B_i crystals a second of together M_i kg/s, has not the class's mass per
crystal x_i. Its excess E_i = M_i − x_i B_i is carried by giving some of the crystals to a neighbour:

    u_i = E_i⁺/(x_i+1 − x_i)   crystals of mass x_i+1 to the class above
    d_i = E_i⁻/(x_i − x_i−1)   crystals of mass x_i−1 to the class below
    M_i − u_i x_i+1 − d_i x_i−1 = x_i (B_i − u_i − d_i)   stays

Any split E = E⁺ − E⁻ keeps both; the one used here is smooth within SPLIT_WIDTH of a class. Past the
last class and below the first, where there is no neighbour, the mass is kept and the number follows.

Reference: Kumar, Peglow, Warnecke, Heinrich, Mörl, Chem. Eng. Sci. 61 (2006) 3327,
doi 10.1016/j.ces.2005.12.014 (the cell average technique).
"""

from __future__ import annotations

import math

from twin.jit import kernel
from twin.quantity import Array

#: Where the split between the neighbours is rounded, as a part of the distance between classes: adds
#: at most half of this part of a class's births to its neighbours' births, an error of second order.
SPLIT_WIDTH = 0.01


@kernel
def share_births(x: Array, births: Array, masses: Array, out: Array) -> None:
    """Add the mass of newborn crystals to the classes.

    Parameters
    ----------
    x : (bins,) kg
        Mass per crystal of each class, increasing; at least two classes.
    births : (bins,) 1/s
        Crystals born between the edges of each class (in the last: or above).
    masses : (bins,) kg/s
        Their mass.
    out : (bins,) kg/s
        To which the gains are added; their sum is that of `masses`, to rounding.
    """
    last = x.shape[0] - 1
    for i in range(last + 1):
        excess = masses[i] - x[i] * births[i]
        stays = masses[i]
        if i == 0:  # no class below
            up = excess * x[1] / (x[1] - x[0])
            out[1] += up
            stays -= up
        elif births[i] != 0.0:  # where nothing is born, the root below has no slope
            below = x[i] - x[i - 1]
            # below < above on every grid whose classes do not shrink upwards
            width = SPLIT_WIDTH * below * births[i]
            size = math.sqrt(excess * excess + width * width)
            down = 0.5 * (size - excess) * x[i - 1] / below
            out[i - 1] += down
            stays -= down
            if i < last:
                up = 0.5 * (size + excess) * x[i + 1] / (x[i + 1] - x[i])
                out[i + 1] += up
                stays -= up
        out[i] += stays
