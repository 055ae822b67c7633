"""The file of a trace, beside its run: netCDF-4 in HDF5 by the same rules, with a content hash, never overwritten.

/rtd                    one row a curve: source, target, moments, percentiles; /rtd/curves/<row> its E and F
/funnel                 what is left of an upset, by its length
/genealogy              lots, containers, masses, fractions, ages, uncertainties
/diversion  /control    where asked for
/provenance             the run (its content hash), the model's fingerprint, versions
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from twin.results.content import HASH, content_hash
from twin.results.files import FileProblem, file_errors, partial_path, publish
from twin.results.netcdf import LIBVER, add_coordinate, add_dimension, add_numbers, add_texts, set_texts
from twin.results.sections import versions
from twin.trace.genealogy import Genealogy
from twin.trace.identifiers import Identifier
from twin.trace.rtd import PERCENTILES, Residence

if TYPE_CHECKING:
    from twin.trace.assess import Controlled, Diversion

SCHEMA = "1.0"
SUFFIX = ".trace.h5"


def trace_path(run: Path) -> Path:
    """Name of the trace beside a run."""
    return run.with_name(run.name.removesuffix(".h5") + SUFFIX)


class TraceFile:
    """Writes a trace; `finish` hashes it and gives it its name."""

    def __init__(self, path: Path, title: str, provenance: Mapping[str, str]) -> None:
        self.path, self.partial = path, partial_path(path)
        with file_errors(self.partial):
            self.file = h5py.File(self.partial, "x", libver=LIBVER)
        set_texts(
            self.file,
            {
                "Conventions": "CF-1.11",
                "title": title,
                "source": "twin, traced from the flows of a simulation: computed, not measured",
                "trace_schema_version": SCHEMA,
            },
        )
        group = self.file.create_group("/provenance")
        set_texts(group, dict(provenance))
        set_texts(self.file.create_group("/provenance/versions"), versions())

    def table(
        self,
        path: str,
        dimension: str,
        texts: Mapping[str, tuple[Sequence[str], str]],
        numbers: Mapping[str, tuple[Sequence[float] | np.ndarray, str, str]],
    ) -> tuple[h5py.Group, Any]:
        """Write columns along a dimension of their own."""
        group = self.file.require_group(path)
        count = len(next(iter((*texts.values(), *numbers.values())))[0])
        scale = add_dimension(self.file, dimension, count)
        group.attrs["count"] = count
        for name, (values, meaning) in texts.items():
            add_texts(group, name, list(values), scale, meaning)
        for name, (column, unit, meaning) in numbers.items():
            add_numbers(group, name, column, [scale], unit, meaning)
        return group, scale

    def residences(self, curves: Sequence[Residence], widths: np.ndarray) -> None:
        """Residence times and the funnel."""
        if not curves:
            return
        group, row = self.table(
            "/rtd",
            "curve",
            {
                "source": ([c.source for c in curves], "pipe that a pulse of tracer was put into"),
                "target": ([c.target for c in curves], "where its arrival was counted"),
                "of": ([c.of for c in curves], "what was followed"),
                "flow": (["held" if c.steady else "as run" for c in curves], "flows held as then, or as they ran"),
            },
            {
                "entered": ([c.entered for c in curves], "s", "plant time of the pulse"),
                "arrived": ([c.arrived for c in curves], "1", "share that arrived"),
                "mean": ([c.mean for c in curves], "s", "mean residence time of what arrived"),
                "variance": ([c.variance for c in curves], "s^2", "variance of what arrived"),
                "tanks": ([c.tanks for c in curves], "1", "tanks in series of the same mean and variance"),
                "tanks_apart": ([c.apart() for c in curves], "1", "largest difference of F from that of those tanks"),
            },
        )
        percent = add_coordinate(self.file, "percent", np.array(PERCENTILES), "%", "part that has arrived")
        values = np.array([[c.percentile(p) for p in PERCENTILES] for c in curves])
        add_numbers(group, "percentile", values, [row, percent], "s", "time by which this part has arrived")
        for i, curve in enumerate(curves):
            self.table(
                f"/rtd/curves/{i}",
                f"rtd_point_{i}",
                {},
                {
                    "age": (curve.time, "s", "time since the pulse"),
                    "E": (curve.E, "1/s", "share that arrives per second"),
                    "F": (curve.F, "1", "share that has arrived"),
                },
            )
        if len(widths):
            length = add_coordinate(self.file, "upset_length", widths, "s", "length of an upset of the feed")
            heights = np.array([c.attenuation(widths) for c in curves])
            funnel = self.file.create_group("/funnel")
            meaning = "greatest part of the upset that shows at the target"
            add_numbers(funnel, "attenuation", heights, [row, length], "1", meaning)

    def genealogy(self, found: Genealogy, marked: Sequence[Identifier]) -> None:
        """Lots and containers."""
        group = self.file.create_group("/genealogy")
        lot = add_coordinate(self.file, "lot", list(found.lots), "", "lot of material")
        component = add_coordinate(self.file, "followed", list(found.components), "", "what was followed")
        add_numbers(group, "fed", found.fed, [lot, component], "kg", "there at the start, or fed")
        add_numbers(group, "held", found.held, [lot, component], "kg", "in the plant at the end")
        add_numbers(group, "out", found.out, [lot, component], "kg", "gone out by any product")
        group.attrs["holdup_uncertainty"] = found.holdup
        if found.vessels:
            vessel = add_coordinate(self.file, "vessel", [v.name for v in found.vessels], "", "container or batch")
            for name, meaning in (("kind", "container or batch"), ("of", "product")):
                add_texts(group, name, [getattr(v, name) for v in found.vessels], vessel, meaning)
            for name, meaning in (("start", "begins to fill"), ("end", "is closed")):
                add_numbers(group, name, [getattr(v, name) for v in found.vessels], [vessel], "s", meaning)
            add_numbers(
                group, "complete", [float(v.complete) for v in found.vessels], [vessel], "1", "1: full at its end"
            )
            add_numbers(group, "mass", found.mass, [vessel, lot, component], "kg", "of a lot, in a container")
            add_numbers(group, "fraction", found.fractions, [vessel, lot], "1", "share of a container that is of a lot")
            meaning = "standard uncertainty of the fraction, from that of every unit's holdup"
            add_numbers(group, "fraction_uncertainty", found.uncertainty, [vessel, lot], "1", meaning)
            meaning = "all lots of a container less what the plant put into it, over the latter"
            add_numbers(group, "unaccounted", found.unaccounted, [vessel], "1", meaning)
            add_numbers(group, "age", found.age[:, 0], [vessel], "s", "mean time in the plant")
            add_numbers(group, "age_deviation", found.age[:, 1], [vessel], "s", "standard deviation of it")
        if marked:
            texts = {
                "owner": ([m.owner for m in marked], "lot or container"),
                "kind": ([m.kind for m in marked], "kind of identifier"),
                "value": ([m.value for m in marked], "identifier"),
                "wrong": ([m.wrong for m in marked], "what is wrong with its format; empty: nothing"),
            }
            self.table("/genealogy/identifiers", "identifier", texts, {})

    def diversion(self, found: Diversion) -> None:
        """A rule, when it would have opened the gate, and the masses."""
        v, opened = found.verdict, found.verdict.opened
        texts = {"reason": ([reason for _, _, reason in opened], "why the gate is open")}
        numbers = {
            "start": ([start for start, _, _ in opened], "s", "from"),
            "end": ([end for _, end, _ in opened], "s", "to"),
        }
        group, _ = self.table("/diversion", "opening", texts, numbers)
        set_texts(group, {"signal": found.signal, "tag": found.tag})
        for name, value in {
            "low": found.low, "high": found.high, "made": v.made, "accepted": v.accepted, "diverted": v.diverted,
            "missed": v.missed, "falsely_diverted": v.false, "yield_loss": v.yield_loss, "cost": v.cost,
            "in_time": float(found.rule.in_time), **{f"rule_{key}": x for key, x in vars(found.rule).items()},
        }.items():  # fmt: skip
            group.attrs[name] = float(value)

        self._tried(found)

    def _tried(self, found: Diversion) -> None:
        """Runs with disturbances that the rule was judged on, and rules that were tried."""
        if found.disturbed:
            masses = ("made", "accepted", "diverted", "missed", "false", "cost")
            nothing = [math.nan] * len(masses)
            rows = [nothing if d.verdict is None else [getattr(d.verdict, m) for m in masses] for d in found.disturbed]
            about = {"at": "s", "length": "s", "value": ""}
            numbers = {name: ([getattr(d, name) for d in found.disturbed], u, "drawn") for name, u in about.items()}
            numbers |= {
                name: ([row[i] for row in rows], "" if name == "cost" else "kg", "by the rule; NaN: the run failed")
                for i, name in enumerate(masses)
            }
            texts = {
                "path": ([d.path for d in found.disturbed], "what was held at value"),
                "why": ([d.why for d in found.disturbed], "why the run failed; empty: it did not"),
            }
            self.table("/diversion/disturbances", "disturbance", texts, numbers)
        if found.searched is not None:
            guards, margins, missed, false = (list(column) for column in zip(*found.searched.table, strict=True))
            columns = {
                "guard": (guards, "", "of the alarm inside the specification"),
                "margin": (margins, "s", "safety"),
                "missed": (missed, "kg", "accepted and not conforming"),
                "false": (false, "kg", "conforming and diverted"),
            }
            group, _ = self.table("/diversion/search", "tried", {}, columns)
            best = found.searched
            for name, value in {
                "best_guard": best.guard, "best_margin": best.best.margin, "cost": best.cost, "missed": best.missed,
                "falsely_diverted": best.false, "runs_searched": best.searched, "runs_judged": best.judged,
            }.items():  # fmt: skip
                group.attrs[name] = float(value)

    def control(self, found: Sequence[Controlled]) -> None:
        """State of control, and deviations from alarm to disposition."""
        if not found:
            return
        numbers = {
            "low": ([c.low for c in found], "", "lower limit"),
            "high": ([c.high for c in found], "", "upper limit"),
            "interval": ([c.interval for c in found], "s", "over which is averaged"),
            "justified": ([c.justified for c in found], "s", "longest interval that mixing behind the unit justifies"),
            "at_rest": ([c.at_rest for c in found], "s", "first time at which it was steady; NaN: never"),
            "broken": ([float(c.broken) for c in found], "1", "intervals that break a rule of the chart"),
            "n": ([float(c.capability.n) for c in found], "1", "intervals"),
            "mean": ([c.capability.mean for c in found], "", "mean of the intervals"),
            "Cpk": ([c.capability.Cpk for c in found], "1", "capability, spread from moving ranges"),
            "Cpk_low": ([c.capability.Cpk_interval[0] for c in found], "1", "lower end of its 95 % interval"),
            "Cpk_high": ([c.capability.Cpk_interval[1] for c in found], "1", "upper end of its 95 % interval"),
            "Ppk": ([c.capability.Ppk for c in found], "1", "performance, overall spread"),
        }
        self.table("/control", "controlled", {"tag": ([c.tag for c in found], "quality")}, numbers)
        rows = [deviation for one in found for deviation in one.deviations]
        if rows:
            texts = {
                "tag": ([d.tag for d in rows], "quality"),
                "disposition": ([d.disposition for d in rows], "what became of what was made meanwhile"),
            }
            columns = {
                "start": ("s", "from"), "end": ("s", "to"), "peak": ("", "mean furthest out"),
                "alarm": ("s", "when it could be told"), "mass": ("kg", "made meanwhile"),
                "diverted": ("kg", "diverted of it"),
            }  # fmt: skip
            numbers = {name: ([getattr(d, name) for d in rows], *about) for name, about in columns.items()}
            self.table("/control/deviations", "deviation", texts, numbers)

    def finish(self) -> Path:
        """Hash, close, and give the file its name."""
        self.file.attrs[HASH] = content_hash(self.file)
        self.file.close()
        publish(self.partial, self.path)
        return self.path

    def __enter__(self) -> TraceFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file:
            self.file.close()
            self.partial.unlink(missing_ok=True)


def read(path: Path, variable: str) -> np.ndarray:
    """Read one variable of a trace: `read(path, "/genealogy/fraction")`.

    Raises
    ------
    FileProblem
        When there is no such file or variable.
    """
    if not path.is_file():
        raise FileProblem(f"there is no file {path}")
    with h5py.File(path, "r") as file:
        if variable not in file:
            raise FileProblem(f"{path} has no {variable}")
        dataset = file[variable]
        text = h5py.check_string_dtype(dataset.dtype) is not None
        return np.asarray(dataset.asstr()[()] if text else dataset[()])
