"""Random numbers by counting: the same (seed, stream, index) gives the same number, in any order, on any machine.

Nothing is remembered between two draws, so a run that is resumed, repeated without its event table, or cut into
pieces draws what it drew before. A kernel `scan` is given `seed` and `number`; streams are whole numbers by which
a model tells its sources of noise apart.

Reference: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3, SC '11 (2011),
doi 10.1145/2063384.2063405 (Philox4x32 with ten rounds, tested against its published known answers).
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel

#: Philox' multipliers in halves of 16 bits, since a product of 32-bit numbers does not fit a signed integer.
HIGH_0, LOW_0 = 0xD251, 0x1F53
HIGH_1, LOW_1 = 0xCD9E, 0x8D57
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
MASK, HALF = 0xFFFFFFFF, 0xFFFF
ROUNDS = 10
#: Numbers of 53 bits, as many as a float holds.
STEP = 2.0**-53


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four counters and two keys of 32 bits give four words of 32 random bits."""
    for _ in range(ROUNDS):
        low_0 = c0 * LOW_0
        mid_0 = c0 * HIGH_0 + (low_0 >> 16)
        low_1 = c2 * LOW_1
        mid_1 = c2 * HIGH_1 + (low_1 >> 16)
        c0 = (mid_1 >> 16) ^ c1 ^ k0
        c1 = ((mid_1 & HALF) << 16) | (low_1 & HALF)
        c2 = (mid_0 >> 16) ^ c3 ^ k1
        c3 = ((mid_0 & HALF) << 16) | (low_0 & HALF)
        k0 = (k0 + WEYL_0) & MASK
        k1 = (k1 + WEYL_1) & MASK
    return c0, c1, c2, c3


@kernel
def _words(seed, stream, index):
    key = int(seed)
    count = int(index)
    words = philox(count & MASK, count >> 32, int(stream), 0, key & MASK, key >> 32)
    return words  # noqa: RET504 (the lint of kernels reads a returned call's arguments as results)


@kernel
def _unit(high, low):
    """53 of 64 bits as a number between 0 and 1, of which it is neither."""
    return ((high >> 5) * 67108864.0 + (low >> 6) + 0.5) * STEP


@empirical("1", "1", "1", returns="1")
def uniform(seed, stream, index):
    """Uniform on (0, 1)."""
    a, b, _, _ = _words(seed, stream, index)
    return _unit(a, b)


@empirical("1", "1", "1", returns="1")
def normal(seed, stream, index):
    """Standard normal, by Box and Muller."""
    a, b, c, d = _words(seed, stream, index)
    return math.sqrt(-2.0 * math.log(_unit(a, b))) * math.cos(2.0 * math.pi * _unit(c, d))
