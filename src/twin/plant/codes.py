"""What a unit's compiled entry is asked for."""

from __future__ import annotations

RATES = 0  #: derivatives and quadratures
HOLDUP = 1
GUARDS = 2
TRANSPORT = 3
SCAN = 4  #: new values of what is held between scans
PORT = 16  #: and the number of the outlet
MEASURE = 64  #: and the number of the measurement
INTEGRAL = 128  #: and the number of the integral: its integrand and their sum
INTEGRAND = 192  #: the same without the sum
IMPULSE = 256  #: and the number of the impulse: the new states, and what it books
SLOPES = 512  #: and RATES, a port, a measurement or an integrand: the same on numbers with slopes (`dual.py`)

LANES = 8  #: floats of such a number: its value and slopes in seven directions
