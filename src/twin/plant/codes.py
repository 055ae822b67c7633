"""What a unit's compiled entry is asked for."""

from __future__ import annotations

INTEGRALS = 0  #: all integrands, and their sums
INTEGRANDS = 1  #: all integrands alone
RATES = 2  #: derivatives and quadratures
OBSERVE = 3  #: measurements and holdup
GUARDS = 4
TRANSPORT = 5
PORT = 16  #: and the number of the outlet
MEASURE = 64  #: and the number of the measurement: one alone
INTEGRAL = 128  #: and the number of the integral: one alone, with its sum
INTEGRAND = 192  #: the same without its sum
