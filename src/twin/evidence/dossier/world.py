"""Sections D11 to D14: the model and the world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import TwinError
from twin.evidence.dossier.gates import NO, NOT, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.quantities import inside
from twin.evidence.dossier.work import Work

#: Samples below which an interval is not believed.
ENOUGH = 30
#: Samples below which a correlation says nothing.
FEW = 8


def calibration(w: Work) -> None:
    """D11: what was fitted."""
    from twin.evidence.dossier.calibrated import calibrated

    s = w.section("D11")
    if w.plan.calibration:
        calibrated(w, s)
    else:
        s.is_(NOT, "no_calibration")


def validation(w: Work) -> None:
    """D12: measured data beside the run."""
    s, given = w.section("D12"), w.plan.validation
    if not given.get("data"):
        s.is_(NO, "not_performed")
        return
    from twin.compare_data import compare_with_data, read_data
    from twin.compare_map import read_map

    folder = Path(str(given.get("folder", "")))
    columns = read_map(folder / str(given["map"]), w.run)
    found = compare_with_data(w.run, read_data(folder / str(given["data"]), columns), columns).summary()
    s.fact("source", str(given.get("source") or ""))
    limits, rows, undeclared = given.get("rmse") or {}, [], []
    for row in found["tags"]:
        cells = [s.cell(row[key], f"{key} of run minus data", row["tag"]) for key in ("bias", "rmse", "largest")]
        count = s.cell(int(row["n"]), f"measured values of {row['tag']} beside the run", row["tag"])
        limit = s.given(limits.get(row["tag"]), f"validation: rmse: {row['tag']}")
        rows.append([row["tag"], row["unit"], count, *cells, limit])
        if row["tag"] not in limits:
            undeclared.append(row["tag"])
        elif row["rmse"] is None or row["rmse"] > float(limits[row["tag"]]):
            s.is_(NO, "rmse_bad", name=row["tag"], got=cells[1], limit=limit)
    s.table(("tag", "unit", "samples", "bias", "rmse", "largest", "criterion"), rows)
    if undeclared:
        s.is_(PARTLY, "rmse_undeclared", names=undeclared)
    if not str(given.get("source") or "").strip():
        s.is_(NO, "validated_unstated")
    if w.plan.risk_class == "high" and given.get("external") is not True:
        s.is_(PARTLY, "external_no")
    if s.state == YES:
        s.is_(YES, "rmse_ok")


def uncertainty(w: Work) -> None:
    """D13: what uncertain inputs do."""
    s, given = w.section("D13"), w.plan.uncertainty
    if not given.get("inputs") or not w.quantities:
        s.is_(NO, "uq_none")
        return
    rows = []
    for row in given["inputs"]:
        ends = [s.given(row[end], f"uncertainty: inputs: {row['path']}: {end}") for end in ("low", "high")]
        rows.append([str(row["path"]), *ends])
    s.table(("name", "low", "high"), rows)
    found = w.again.sampled(given)
    values = np.array(found["values"], dtype=float).reshape(-1, len(w.quantities))
    seed = int(given.get("seed", 0))
    count = s.cell(len(values), f"samples that ran to their end, of uncertainty: runs, seed {seed}")
    s.is_(YES, "uq_done", count=count, seed=s.given(seed, "uncertainty: seed"))
    if len(values) < ENOUGH:
        s.is_(PARTLY, "uq_few", count=count)
    if found["failed"]:
        failed = s.cell(int(found["failed"]), f"samples that did not, of uncertainty: runs, seed {seed}")
        s.is_(PARTLY, "uq_failed", count=failed, why=found["why"])
    table = []
    for (q, origin, _), column in zip(w.quantities, values.T, strict=True):
        if not column.size:
            continue
        low, high = np.quantile(column, [0.025, 0.975])
        beyond = _beyond(column, q.low, q.high)
        of = f"of {origin.formula()} over {len(column)} samples, seed {seed}"
        error = s.cell(
            float(column.std(ddof=1) / len(column) ** 0.5) if len(column) > 1 else None, f"standard error {of}"
        )
        ends = [s.cell(float(v), f"{p} % quantile {of}") for v, p in ((low, 2.5), (high, 97.5))]
        shown: Any = ""
        up_to: Any = ""
        if beyond is not None:
            out, *interval = beyond
            shown = s.cell(out, f"part beyond the limits {of}")
            up_to = [
                s.cell(end, f"end of Wilson's 95 % interval of the part beyond the limits {of}") for end in interval
            ]
        table.append([q.name, s.cell(float(column.mean()), f"mean {of}"), error, *ends, shown, up_to])
    s.table(("name", "value", "standard_error", "low", "high", "outside", "interval"), table)
    _ranks(w, s, np.array(found["drawn"], dtype=float), values, seed)


def _ranks(w: Work, s: Section, drawn: np.ndarray, values: np.ndarray, seed: int) -> None:
    """Which input a quantity follows: rank correlations (Spearman) over the samples."""
    if len(values) < FEW:
        return
    inputs = [str(row["path"]) for row in w.plan.uncertainty["inputs"]]
    rows = []
    for (q, _, _), column in zip(w.quantities, values.T, strict=True):
        of = f"of {q.name} over {len(values)} samples, seed {seed}"
        cells = [
            s.cell(_rank_correlation(x, column), f"rank correlation with {name} {of}")
            for name, x in zip(inputs, drawn.T, strict=True)
        ]
        rows += [[q.name, name, cell] for name, cell in zip(inputs, cells, strict=True)]
    s.table(("name", "input", "correlation"), rows, "sensitivity")


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    def ranks(a: np.ndarray) -> np.ndarray:
        ordered = np.sort(a)  # equal values share the middle of their ranks
        return 0.5 * (np.searchsorted(ordered, a) + np.searchsorted(ordered, a, side="right"))

    a, b = ranks(x) - 0.5 * len(x), ranks(y) - 0.5 * len(y)
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0.0 else 0.0


def applicability(w: Work) -> None:
    """D14: the run beside the envelope."""
    s, rows = w.section("D14"), []
    envelope = w.plan.context.get("envelope") or []
    if not envelope:
        s.is_(NO, "no_envelope")
    outside = False
    for row in envelope:
        try:
            origin = w.origin(str(row["tag"]), "final", None, None)
            with w.run.opened() as file:
                part, least, most = inside(file, origin.dataset, origin.element, float(row["low"]), float(row["high"]))
        except (TwinError, ValueError, KeyError, TypeError) as error:
            s.is_(NO, "quantity_missing", name=str(row.get("tag")), why=str(error).splitlines()[0])
            continue
        cells = [s.cell(v, f"{name} over the run", origin.dataset) for v, name in ((least, "min"), (most, "max"))]
        share = s.cell(part, "part of the recorded rows within", origin.dataset)
        ends = [s.given(row[end], f"context: envelope: {row['tag']}: {end}") for end in ("low", "high")]
        rows.append([str(row["tag"]), *ends, *cells, share])
        if part < 1.0:
            outside = True
            s.is_(
                NO if w.plan.risk_class == "high" else PARTLY,
                "extrapolated",
                tag=str(row["tag"]),
                part=s.cell(1.0 - part, "part of the recorded rows outside", origin.dataset),
            )
    s.table(("tag", "low", "high", "seen", "seen", "inside"), rows)
    if envelope and not outside:
        s.is_(YES, "inside_all")
    if not w.plan.validation.get("data"):
        s.is_(PARTLY, "no_domain")


def _beyond(column: np.ndarray, low: float | None, high: float | None) -> tuple[float, float, float] | None:
    """Part of the samples beyond the limits, and the ends of Wilson's 95 % interval of it."""
    if low is None and high is None:
        return None
    out = (column < (-np.inf if low is None else low)) | (column > (np.inf if high is None else high))
    n, p, z = len(column), float(out.mean()), 1.959963984540054
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    low_end = centre - half if out.any() else 0.0  # exactly, and not but for rounding
    high_end = centre + half if not out.all() else 1.0
    return p, low_end, high_end
