"""Balances of a finished run: holdup at the end against holdup at the start and all that passed.

    residual = final − initial − (in − out + source)

once with the integrals that the solver carried (closing to rounding), and once with `in` and `out`
computed again from the recorded streams (closing to the error of the recording grid): the first
alone could be a tautology. Everything is read from the file.

What closes and what does not is told here, by one limit for alarms, reports, pages, dossiers and qualification
(:class:`Limit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import h5py
import numpy as np

from twin.results.streams import Recorded

#: What is written for each balance, with its meaning.
MEASURES = {
    "initial": "holdup at the start",
    "in": "entered through feeds",
    "out": "left through products",
    "source": "sources: reactions, duties, transitions",
    "final": "holdup at the end",
    "throughput": "half of all that moved: what residuals are relative to",
    "residual": "final − initial − (in − out + source)",
    "relative": "|residual| / throughput",
    "in_streams": "entered, from the recorded feeds",
    "out_streams": "left, from the recorded products",
    "residual_streams": "residual with the recorded streams",
    "relative_streams": "|residual_streams| / throughput",
}
#: A component below this part of the plant's throughput is judged against that part.
TRACE = 1e-9
#: Part of all that moved that may be missing where all of the plant takes the same steps: the solver's integrals close
#: to rounding, some 1e-13.
CLOSURE = 1e-8
#: The same between blocks with steps of their own, where the relative tolerance is less: they agree to that only.
BETWEEN_BLOCKS = 1e-6
#: The same with the recorded streams, at a usual recording grid: no verdict on the run, but a look at the integrals.
CLOSURE_STREAMS = 1e-4


class Limit(NamedTuple):
    """Part of the throughput that may be missing from a balance of a run, and what it follows from, in words."""

    value: float
    basis: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Limit:
        """Give the limit of a run with this `method` and `rtol`, which a file has among its attributes."""
        if str(settings.get("method", "")) != "multirate":
            return cls(CLOSURE, "rounding")
        rtol = float(settings.get("rtol", 0.0))
        return cls(max(BETWEEN_BLOCKS, rtol), "blocks")


@dataclass(frozen=True)
class Balance:
    """One balance, in kg or J; measures by the names of :data:`MEASURES`."""

    name: str
    unit: str
    measures: dict[str, float]


@dataclass(frozen=True)
class Balances:
    """All balances of a run."""

    components: tuple[Balance, ...]
    energy: Balance
    limit: Limit

    def closes(self, balance: Balance) -> bool:
        """Whether a balance closes by the solver's integrals; one that is not finite does not."""
        return balance.measures["relative"] <= self.limit.value

    @property
    def all(self) -> tuple[Balance, ...]:
        """Components, then energy."""
        return (*self.components, self.energy)

    @property
    def worst(self) -> Balance:
        """The balance that closes worst by the solver's integrals."""
        return max(self.all, key=lambda balance: _or_infinite(balance.measures["relative"]))


def compute(file: h5py.File) -> Balances:
    """Close the balances of an open run file.

    Parameters
    ----------
    file : h5py.File
        With recorded holdups, quadratures and streams.

    Returns
    -------
    Balances
        All zero for a run without a single recorded row. Numbers too large to be added up, which a run that
        failed may have left, give closures that are not finite; a report says so.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _compute(Recorded(file), Limit.of(file.attrs))


def _compute(recorded: Recorded, limit: Limit) -> Balances:
    names = recorded.components
    size = len(names) + 1  # the energy balance is the last
    totals = {key: np.zeros(size) for key in ("initial", "in", "out", "source", "final", "in_streams", "out_streams")}
    moved = np.zeros(size)
    if recorded.time.size:
        totals["initial"], totals["final"] = recorded.holdups()
        moved += np.abs(totals["initial"])
        moved += np.abs(totals["final"])
        for owner in dict.fromkeys(term.owner for term in recorded.terms):
            _add_owner(recorded, owner, totals, moved)
    throughput = 0.5 * moved
    change = totals["final"] - totals["initial"] - totals["source"]
    totals["throughput"] = throughput
    totals["residual"] = change - (totals["in"] - totals["out"])
    totals["residual_streams"] = change - (totals["in_streams"] - totals["out_streams"])
    floor = np.full(size, TRACE * float(np.max(throughput[:-1], initial=0.0)))
    floor[-1] = 0.0
    scale = np.maximum(throughput, floor)
    for suffix in ("", "_streams"):
        residual = np.abs(totals[f"residual{suffix}"])
        totals[f"relative{suffix}"] = np.divide(residual, scale, out=residual.copy(), where=scale > 0.0)
    balances = [
        Balance(name, unit, {key: float(totals[key][i]) for key in MEASURES})
        for i, (name, unit) in enumerate([*((name, "kg") for name in names), ("energy", "J")])
    ]
    return Balances(tuple(balances[:-1]), balances[-1], limit)


def _or_infinite(value: float) -> float:
    """Rank what is no number behind every number."""
    return value if value == value else np.inf


def _add_owner(recorded: Recorded, owner: str, totals: dict[str, np.ndarray], moved: np.ndarray) -> None:
    """Add what one feed, product or unit contributes; its terms are netted (dissolved to crystal, say)."""
    terms = [term for term in recorded.terms if term.owner == owner and term.kind != "utility"]
    if not terms:
        return
    net = np.zeros_like(moved)
    for term in terms:
        net += term.sign * recorded.quadrature(term)
    moved += np.abs(net)
    role = terms[0].role
    key, sign = {"feed": ("in", 1.0), "product": ("out", -1.0)}.get(role, ("source", 1.0))
    totals[key] += sign * net
    if role in ("feed", "product"):
        totals[f"{key}_streams"] += recorded.stream_total(terms[0])


def stored(group: Any, names: list[str]) -> Balances:
    """Read the balances that a run wrote about itself."""
    columns = {key: group[key][()] for key in MEASURES}
    components = [
        Balance(name, "kg", {key: float(columns[key][i]) for key in MEASURES}) for i, name in enumerate(names)
    ]
    energy = {key: float(group["energy"][key][()]) for key in MEASURES}
    return Balances(tuple(components), Balance("energy", "J", energy), Limit.of(group.file.attrs))
