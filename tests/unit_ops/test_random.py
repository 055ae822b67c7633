"""Counted random numbers: the published answers of Philox, and what uniform and normal numbers must look like."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tests.registry.carriers import plain_kernels
from twin import jit
from twin.plant.discrete import seed_of
from unit_ops import random

#: Known answers of Random123 (kat_vectors, philox4x32 10): counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_its_known_answers(counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, ...]) -> None:
    assert plain_kernels(random).philox(*counter, *key) == words
    jit.arm(random)
    assert tuple(random.philox(*counter, *key)) == words, "compiled, in signed 64-bit integers"


def test_uniform_and_normal_are_what_they_say() -> None:
    kernels, seed = plain_kernels(random), seed_of(7, "nir")
    uniform = [kernels.uniform(seed, 0.0, float(i)) for i in range(4000)]
    normal = [kernels.normal(seed, 1.0, float(i)) for i in range(4000)]
    # the seed is fixed, so this is no lottery: a generator that is wrong is far below 1 %
    assert stats.kstest(uniform, "uniform").pvalue > 0.01
    assert stats.kstest(normal, "norm").pvalue > 0.01
    assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < 3.0 / math.sqrt(4000)
    assert 0.0 < min(uniform) < max(uniform) < 1.0


def test_seeds_units_streams_and_indices_each_matter() -> None:
    kernels = plain_kernels(random)
    drawn = {
        kernels.uniform(seed_of(seed, unit), stream, index)
        for seed in (0, 1, 2**63 - 1)
        for unit in ("nir", "scale")
        for stream in (0.0, 1.0)
        for index in (0.0, 1.0, 2.0**40)
    }
    assert len(drawn) == 3 * 2 * 2 * 3
    assert 0.0 <= seed_of(2**63 - 1, "nir") < 2.0**52
    assert kernels.uniform(seed_of(1, "nir"), 0.0, 5.0) == kernels.uniform(seed_of(1, "nir"), 0.0, 5.0)
