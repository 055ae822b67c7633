"""The same run again, from what its file says: the same bits on the same kind of machine, else how far apart.

The only part of the evidence that needs the simulator.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.evidence import software
from twin.evidence.chain import log_of, read
from twin.evidence.findings import Findings, Kind
from twin.results.content import digests
from twin.results.files import FileProblem

#: What says of whence a run was forked; a run from the start has no parent, and the same numbers.
FORK = "/provenance/fork"


@dataclass(frozen=True)
class Deviation:
    """How far a variable is from the recorded one, at most."""

    path: str
    relative: float
    ulp: float


def rerun(path: Path, findings: Findings) -> None:
    """Run again what a file holds, and note what differs.

    Parameters
    ----------
    path : Path
        A finished run, already verified.
    findings : Findings
        Takes a failure of class REPRODUCTION, or the fact that the hash is the same.
    """
    from twin.again import recorded_scenario
    from twin.results.checkpoints import driven_by_table
    from twin.results.reader import open_run
    from twin.run import execute

    run = open_run(path)
    if "record" in run.provenance:
        record = run.provenance["record"]
        raise FileProblem(
            f"{path} holds estimates from {record['file']} (SHA-256 {record['sha256']}), which no run makes again:"
            " replay that record with twin replay, and compare the content hashes"
        )
    _same_software(path, run.provenance, findings)
    spec = recorded_scenario(run.resolved_yaml, run.scenario_yaml, run.plant_yaml, str(path))
    with run.opened() as file:
        table = driven_by_table(file)
    with tempfile.TemporaryDirectory(prefix="twin-rerun-") as folder:
        again = execute(spec, Path(folder) / path.name, table=table, checkpoint_every=float("inf"))
        with h5py.File(path, "r") as old, h5py.File(again.path, "r") as new:
            apart = different(old, new)
            deviations = [deviation(old[name], new[name]) for name in apart if _both_numbers(old, new, name)]
    if not apart:
        findings.facts["rerun"] = f"the same bits in {again.wall:.2f} s of integration"
        return
    numbers = sorted(deviations, key=lambda one: -one.relative)
    texts = [name for name in apart if name not in {one.path for one in deviations}]
    if numbers:
        worst = numbers[0]
        findings.add(
            Kind.REPRODUCTION,
            f"{len(numbers)} variables differ, {worst.path} most: {worst.relative:.2g} of its largest value"
            f" ({worst.ulp:.3g} units in the last place)",
        )
    if texts:
        findings.add(Kind.REPRODUCTION, f"these differ, too: {', '.join(texts[:8])}")


def different(old: h5py.File, new: h5py.File) -> list[str]:
    """Variables and groups of two runs that are not the same; a fork's note of its parent set aside."""
    there, here = digests(old), digests(new)
    apart = sorted(name for name in {*there, *here} if there.get(name) != here.get(name))
    return [name for name in apart if not name.startswith(FORK)]


def deviation(old: h5py.Dataset, new: h5py.Dataset) -> Deviation:
    """Largest difference of two variables, relative to the largest value and in units in the last place."""
    a, b = np.asarray(old[()], dtype=float), np.asarray(new[()], dtype=float)
    if a.shape != b.shape:
        return Deviation(old.name, np.inf, np.inf)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return Deviation(old.name, np.inf, np.inf)
    numbers = ~np.isnan(a)  # what is no number in both cannot differ
    a, b = a[numbers], b[numbers]
    gap = np.abs(a - b)
    scale = float(np.max(np.abs(a), initial=0.0)) or 1.0
    ulp = gap / np.spacing(np.maximum(np.abs(a), np.abs(b)))
    return Deviation(old.name, float(gap.max(initial=0.0)) / scale, float(ulp.max(initial=0.0)))


def _both_numbers(old: h5py.File, new: h5py.File, name: str) -> bool:
    nodes = [file.get(name) for file in (old, new)]
    return all(isinstance(node, h5py.Dataset) and node.dtype.kind in "fiu" for node in nodes)


def _same_software(path: Path, provenance: dict[str, Any], findings: Findings) -> None:
    session = provenance.get("session", {})
    run_id = session.get("run_id")
    try:
        chain = read(log_of(path.parent))
    except OSError:
        return
    for entry in chain.of("run.started"):
        if entry.object.get("run_id") == run_id and entry.object.get("software") != software.fingerprint():
            findings.remark("the installed program is not the one that made the run", Kind.SOFTWARE)
