"""Single tablets of a recorded press: a turret as a sampled stream, after a run.

The press is integrated as a continuous flow; here its recorded series are read as a stream of tablets, number i
made at station i mod stations when i tablets have been made before it. Every tablet can be drawn by itself:
the same seed and number give the same tablet, in whatever blocks they are drawn.

Assumptions
- between records, rate and qualities are linear in time;
- punches of a station are shorter or longer, and its die fills more or less, by normal deviations that stay;
- tablets of a station scatter normally in mass, in API content and in strength, independently;
- punches set the thickness, so a heavier tablet is denser: its force grows as (relative density)^κ, its
  strength by the factor exp(k ΔD), with local slopes of the laws of compaction at the recorded point.

Tablet i (bars: recorded means at its instant; z: standard normal numbers of the station, of the tablet)
    m = m̄ (1 + s_fill z₁ + s_m z₃),   h = h̄ (1 + s_punch z₂),   D/D̄ = m h̄/(m̄ h)
    F = F̄ (D/D̄)^κ,   hardness = H̄ (h/h̄) exp(k (D − D̄)) (1 + s_σ z₅),   API mass = w̄ m (1 + s_w z₄)

References: Salmon et al., SC '11 (2011), doi:10.1145/2063384.2063405 (counted random numbers); Chan, Golub &
LeVeque, Am. Stat. 37 (1983) 242, doi:10.1080/00031305.1983.10483115 (moments of blocks, put together).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from twin.jit import arm, kernel
from unit_ops.quality.uniformity import Judgement, judge
from unit_ops.random import MASK, philox
from unit_ops.tableting.compaction import relative_density

BLOCK = 1 << 15
#: Streams of counted numbers: those of stations and those of tablets.
STATION, TABLET = 1, 2
INVERSE = 2.0**-32


class Series(NamedTuple):
    """What a run recorded of a press, one value per instant.

    t [s]; rate [1/s]; mass [kg], force [N], thickness [m], hardness [N] of a tablet; density: its relative
    density [1]; api: mass fraction of the API [1].
    """

    t: np.ndarray
    rate: np.ndarray
    mass: np.ndarray
    force: np.ndarray
    thickness: np.ndarray
    hardness: np.ndarray
    density: np.ndarray
    api: np.ndarray


class Variation(NamedTuple):
    """How tablets differ: relative standard deviations, and the slopes by which they hang together.

    filling, punch: of die filling and of punch length from station to station; mass, content, strength: from
    tablet to tablet; kappa: d ln force/d ln D; k: d ln strength/dD.
    """

    stations: int
    filling: float
    punch: float
    mass: float
    content: float
    strength: float
    kappa: float
    k: float


class Tablets(NamedTuple):
    """Tablets, one value each: mass [kg], force [N], thickness [m], hardness [N], API mass [kg]."""

    mass: np.ndarray
    force: np.ndarray
    thickness: np.ndarray
    hardness: np.ndarray
    api: np.ndarray


class Statistics(NamedTuple):
    """Count, mean, standard deviation (n − 1), least and greatest of one quality over all tablets drawn."""

    count: int
    mean: float
    s: float
    least: float
    greatest: float


def press_series(run: Any, unit: str = "press") -> Series:
    """Read the series of a rotary press from an opened run (`twin.results.reader.open_run`)."""
    names = ("rate", "tablet_mass", "compression_force", "thickness", "hardness", "porosity", "api_content")
    rate, mass, force, thickness, hardness, porosity, api = (np.asarray(run.get(f"{unit}.{name}")) for name in names)
    return Series(np.asarray(run.time), rate, mass, force, thickness, hardness, 1.0 - porosity, api)


def pressure_slope(law: int, P: float, D_0: float, constant: float, compressibility: float) -> float:
    """κ = d ln P/d ln D of a law of compaction (see `relative_density`) at pressure P."""
    step = 1e-5
    low, high = (relative_density(law, P * (1.0 + s), D_0, constant, compressibility) for s in (-step, step))
    return math.log((1.0 + step) / (1.0 - step)) / math.log(high / low)


def made(series: Series) -> np.ndarray:
    """Tablets made until each record: the integral of the rate, linear between records."""
    steps = 0.5 * (series.rate[1:] + series.rate[:-1]) * np.diff(series.t)
    return np.concatenate([[0.0], np.cumsum(steps)])


@kernel
def four_normals(seed, stream, number, out):
    """Four standard normal numbers into out[0:4]: two pairs by Box and Muller, of 32 bits each."""
    a, b, c, d = philox(number & MASK, number >> 32, stream, 0, seed & MASK, seed >> 32)
    r = math.sqrt(-2.0 * math.log((a + 0.5) * INVERSE))
    q = math.sqrt(-2.0 * math.log((c + 0.5) * INVERSE))
    out[0] = r * math.cos(2.0 * math.pi * ((b + 0.5) * INVERSE))
    out[1] = r * math.sin(2.0 * math.pi * ((b + 0.5) * INVERSE))
    out[2] = q * math.cos(2.0 * math.pi * ((d + 0.5) * INVERSE))
    out[3] = q * math.sin(2.0 * math.pi * ((d + 0.5) * INVERSE))


@kernel
def between(values, j, part):
    return values[j] + part * (values[j + 1] - values[j])


@kernel
def draw(number, seed, s, total, v, z, out):
    """Tablets of ascending numbers into `out`; z: four lent numbers; total: tablets made until each record."""
    j = 0
    for i in range(number.shape[0]):
        wanted = number[i] + 0.5
        while total[j + 1] < wanted:
            j += 1
        # part of the interval after which `wanted` tablets are made, the rate being linear in it
        n = (wanted - total[j]) / (s.t[j + 1] - s.t[j])
        rate = s.rate[j]
        part = 2.0 * n / (rate + math.sqrt(rate * rate + 2.0 * n * (s.rate[j + 1] - rate)))

        four_normals(seed, STATION, number[i] % v.stations, z)
        fill, punch = 1.0 + v.filling * z[0], 1.0 + v.punch * z[1]
        four_normals(seed, TABLET, number[i], z)
        heavier = fill + v.mass * z[0]
        D = between(s.density, j, part)
        denser = heavier / punch
        out.mass[i] = between(s.mass, j, part) * heavier
        out.thickness[i] = between(s.thickness, j, part) * punch
        out.force[i] = between(s.force, j, part) * denser**v.kappa
        stronger = math.exp(v.k * D * (denser - 1.0)) * (1.0 + v.strength * z[2])
        out.hardness[i] = between(s.hardness, j, part) * punch * stronger
        out.api[i] = between(s.api, j, part) * out.mass[i] * (1.0 + v.content * z[1])


@kernel
def moments(values, keep, out):
    """Count, mean, sum of squares about it, least and greatest of the kept values, into out[0:5]."""
    n = 0.0
    s = 0.0
    least = math.inf
    greatest = -math.inf
    for i in range(values.shape[0]):
        if keep[i] > 0.0:
            n += 1.0
            s += values[i]
            least = min(least, values[i])
            greatest = max(greatest, values[i])
    mean = s / max(n, 1.0)
    squares = 0.0
    for i in range(values.shape[0]):
        if keep[i] > 0.0:
            squares += (values[i] - mean) * (values[i] - mean)
    out[0], out[1], out[2], out[3], out[4] = n, mean, squares, least, greatest


@kernel
def within(tablets, low_force, high_force, low_mass, high_mass, out):
    """1 for tablets within the limits of force and mass, else 0."""
    for i in range(out.shape[0]):
        out[i] = 1.0
        if tablets.force[i] < low_force or tablets.force[i] > high_force:
            out[i] = 0.0
        if tablets.mass[i] < low_mass or tablets.mass[i] > high_mass:
            out[i] = 0.0


def tablets_of(series: Series, variation: Variation, numbers: Sequence[int] | np.ndarray, seed: int) -> Tablets:
    """Draw tablets of the given numbers, in ascending order.

    Raises
    ------
    ValueError
        When numbers do not ascend, or the press did not make as many tablets.
    """
    total = made(series)
    number = np.asarray(numbers, dtype=np.int64)
    if number.size and (number[0] < 0 or number[-1] + 0.5 > total[-1]):
        raise ValueError(f"the press made {int(total[-1])} tablets; {number[0]} to {number[-1]} were asked for")
    if np.any(np.diff(number) < 0):
        raise ValueError("numbers of tablets must ascend")
    arm(__name__)
    out = Tablets(*(np.empty(number.size) for _ in Tablets._fields))
    draw(number, int(seed), series, total, variation, np.empty(4), out)
    return out


def blocks(
    series: Series, variation: Variation, seed: int, first: int = 0, count: int | None = None
) -> Iterator[Tablets]:
    """All tablets of a run, or `count` of them from number `first` on, in blocks of bounded size."""
    end = int(made(series)[-1] - 0.5) + 1 if count is None else first + count
    for start in range(first, end, BLOCK):
        yield tablets_of(series, variation, np.arange(start, min(start + BLOCK, end)), seed)


def summarise(
    tablets: Iterator[Tablets],
    force: tuple[float, float] = (-math.inf, math.inf),
    mass: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[dict[str, Statistics], int]:
    """Statistics of each quality over the tablets within the limits of a reject gate, and how many were not."""
    arm(__name__)
    totals = {name: (0.0, 0.0, 0.0, math.inf, -math.inf) for name in Tablets._fields}
    seen = 0
    part = np.empty(5)
    for block in tablets:
        keep = np.empty(block.mass.size)
        within(block, *force, *mass, keep)
        seen += keep.size
        for name in Tablets._fields:
            moments(getattr(block, name), keep, part)
            totals[name] = together(totals[name], tuple(part.tolist()))
    found = {
        name: Statistics(int(n), mean, math.sqrt(squares / (n - 1.0)) if n > 1.0 else math.nan, least, greatest)
        for name, (n, mean, squares, least, greatest) in totals.items()
    }
    return found, seen - found["mass"].count


def together(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float, float, float]:
    """Moments (count, mean, squares, least, greatest) of two sets taken as one (Chan, Golub & LeVeque)."""
    n = a[0] + b[0]
    if n == 0.0:
        return 0.0, 0.0, 0.0, math.inf, -math.inf
    apart = b[1] - a[1]
    mean = a[1] + apart * b[0] / n
    return n, mean, a[2] + b[2] + apart * apart * a[0] * b[0] / n, min(a[3], b[3]), max(a[4], b[4])


def dose_uniformity(
    series: Series, variation: Variation, numbers: Sequence[int], label: float, seed: int, target: float = 100.0
) -> Judgement:
    """USP <905> on 10 or 30 tablets of the given numbers; label: API mass claimed [kg]."""
    contents = 100.0 * tablets_of(series, variation, numbers, seed).api / label
    return judge(contents.tolist(), target)
