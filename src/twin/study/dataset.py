"""Labelled runs of a study for machine learning, in a folder: `data.h5`, a card, the study that makes it again.

Every run is a row of the study's design with its own seed, sampled at the study's `record:`. The numbers follow from
the study alone, whatever the number of threads: `same` makes them again and compares the hashes.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from twin.results.content import HASH, content_hash
from twin.results.files import FileProblem, file_errors, need_room
from twin.results.netcdf import LEVEL, LIBVER, TEXT, add_coordinate, add_numbers, add_texts, set_texts
from twin.schedule.segments import run_end
from twin.study.dataset_card import card
from twin.study.engines import Plan, plan_of, workers_here
from twin.study.file import FINISHED
from twin.study.runner import Runner, Whole
from twin.study.spec import DatasetSpec, StudySpec

if TYPE_CHECKING:
    from twin.study.progress import Watch

#: Version of the layout of `data.h5`.
SCHEMA_VERSION = "1.0"
KIND = "data set"
FILE, CARD = "data.h5", "README.md"


@dataclass(frozen=True)
class Made:
    """A data set that has been written.

    Attributes
    ----------
    path : Path
        Its folder.
    content_hash : str
        Of `data.h5`.
    splits : dict of str to int
        Runs of each split.
    outcomes : dict of str to int
    """

    path: Path
    content_hash: str
    splits: dict[str, int]
    outcomes: dict[str, int]


def splits_of(spec: DatasetSpec, plan: Plan, seed: int) -> list[str]:
    """Assign each run to a split: rows of the design are shuffled by the seed; replicates stay together.

    Returns
    -------
    list of str, [runs]
    """
    points = np.unique(plan.points)
    order = np.random.default_rng([seed, 0x5917]).permutation(len(points))
    ends = np.round(np.cumsum(list(spec.split.values())) * len(points)).astype(int)
    place = np.searchsorted(ends, np.arange(len(points)), side="right")
    names = list(spec.split)
    of_point = {int(points[at]): names[min(int(place[i]), len(names) - 1)] for i, at in enumerate(order)}
    return [of_point[int(point)] for point in plan.points]


def make(study: StudySpec, folder: Path, workers: int = 0, watch: Watch | None = None) -> Made:
    """Run a study and write its data set.

    Parameters
    ----------
    study : StudySpec
        With a section `dataset:`.
    folder : Path
        Must not exist; it appears when all is in it.
    workers : int
        Threads; as many as cores unless given.
    watch : Watch, optional
        Told how things go.

    Raises
    ------
    FileProblem
        When the study has no such section, the folder is there, or the disk refuses.
    """
    if study.dataset is None:
        raise FileProblem(f"{study.name} has no section dataset: that says which tags a data set keeps")
    if folder.exists():
        raise FileProblem(f"{folder} exists; a data set never overwrites anything. Give another name with --out.")
    if not folder.parent.is_dir():
        raise FileProblem(f"there is no folder {folder.parent}. Make it first.")
    partial = folder.with_name(f"{folder.name}.{secrets.token_hex(3)}.partial")
    with file_errors(partial):
        partial.mkdir()
    try:
        found = _write(study, study.dataset, partial / FILE, workers or workers_here(), watch)
        made = Made(folder, *found)
        with file_errors(partial):
            texts = sources(study)
            told = card(study, study.dataset, made.splits, partial / FILE, next(iter(texts)))
            for name, text in {CARD: told, **texts}.items():
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                (partial / name).write_text(text, encoding="utf-8")
            partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return made


def sources(study: StudySpec) -> dict[str, str]:
    """Give the files that make a data set again, by name: the study, under its own name, and what stands beside it."""
    text = study.source_text or json.dumps(study.plain, indent=1, ensure_ascii=False)
    beside = Path() if study.path is None else study.path.parent
    found = {f"{study.name if study.path is None else study.path.stem}.yaml": text}
    given = [study.plain.get("scenario"), *(name for f in study.factors for name in f.column.levels)]
    design = study.plain.get("design")
    given.append(design.get("file") if isinstance(design, Mapping) else None)
    files = [beside / str(name) for name in given if name is not None]
    files += [s.plant.path for s in study.scenarios if s.path in files and s.plant.path is not None]
    for file in files:
        inside = file.is_file() and file.resolve().is_relative_to(beside.resolve())
        if inside:  # others are shipped, or the reader has them
            found[file.resolve().relative_to(beside.resolve()).as_posix()] = file.read_text(encoding="utf-8")
    return found


def same(study: StudySpec, folder: Path, workers: int = 0, watch: Watch | None = None) -> tuple[str, str, str]:
    """Make a data set again and compare.

    Returns
    -------
    stored, computed, again : str
        The hash that the file carries, that of what the file holds, that of what the study makes now.
    """
    place = folder / FILE
    try:
        with h5py.File(place, "r") as file:
            stored, computed = str(file.attrs.get(HASH)), content_hash(file)
    except OSError as error:
        raise FileProblem(f"{place} cannot be read: {error}") from error
    with tempfile.TemporaryDirectory() as scratch:
        again = make(study, Path(scratch) / "again", workers, watch)
    return stored, computed, again.content_hash


def _runs(runner: Runner, plan: Plan, workers: int) -> Iterator[tuple[int, Whole]]:
    """Give runs in their order; no more wait than there are threads."""
    runner.begin()
    with ThreadPoolExecutor(workers, thread_name_prefix="twin-dataset") as pool:
        going = []
        try:
            for number in range(len(plan.X)):
                going.append((number, pool.submit(runner.whole, plan.X[number], int(plan.seeds[number]))))
                if len(going) > workers:
                    first, run = going.pop(0)
                    yield first, run.result()
            for first, run in going:
                yield first, run.result()
        except BaseException:
            runner.interrupt()
            raise


def _write(
    study: StudySpec, spec: DatasetSpec, path: Path, workers: int, watch: Watch | None
) -> tuple[str, dict[str, int], dict[str, int]]:
    from twin.study.progress import Watch

    watch = watch or Watch()
    plan = plan_of(study)
    runner = Runner(study, spec.tags)
    names = runner.compiled(0)[1].names
    labels = {e.fault.label for s in study.scenarios for e in s.events if e.fault}
    labels |= {e.fault.label for s in study.scenarios for e in s.latches if e.fault}
    every = study.scenarios[0].record_every
    times = np.arange(0.0, max(run_end(s) for s in study.scenarios) * (1.0 + 1e-12), every)
    n, m, k = len(plan.X), len(times), len(spec.tags)
    splits = splits_of(spec, plan, study.seed)
    outcomes, messages, rows, known = [], [], np.zeros(n), sorted(labels)
    with file_errors(path):
        need_room(path, n * m * (8 * k + 1))
        with h5py.File(path, "x", libver=LIBVER) as file:
            _attributes(file, study, spec)
            run = add_coordinate(file, "run", np.arange(n, dtype=float), "1", "number of the run")
            time = add_coordinate(file, "time", times, "s", "plant time")
            tag = add_coordinate(file, "tag", spec.tags, "", "recorded quantity")
            factor = add_coordinate(file, "factor", study.names, "", "name of the factor")
            X = _growing(file, "X", (n, m, k), "<f8", "values of the tags, in the units of /tag_unit; NaN: no sample")
            for axis, scale in enumerate((run, time, tag)):
                X.dims[axis].attach_scale(scale)
            watch.begin(n, 0, 0)
            spans: list[tuple[int, str, str, float, float]] = []
            try:
                for number, whole in _runs(runner, plan, workers):
                    rows[number] = _sampled(whole, spec.tags, times, X, number)
                    outcomes.append(whole.row.outcome)
                    messages.append(whole.row.message)
                    for fault in whole.faults:
                        spans.append((number, fault.label, fault.where, fault.start, fault.end))
                        if fault.label not in known:
                            known.append(fault.label)  # of a process, which only happens
                    watch.one(whole.row.outcome == FINISHED)
            finally:
                watch.end()
            fault = add_coordinate(file, "fault", sorted(known) or ["none"], "", "label of the fault")
            _label(file, spans, sorted(known), times, rows, [run, time, fault])
            add_texts(file, "tag_unit", [names.scalar(t)[0] for t in spec.tags], tag, "unit of its values")
            add_texts(file, "tag_meaning", [names.scalar(t)[1] for t in spec.tags], tag, "what it is")
            add_numbers(
                file, "factors", plan.X, [run, factor], "1", "values of the factors, in the units of /factor_unit"
            )
            add_texts(file, "factor_unit", [f.column.unit for f in study.factors], factor, "unit of its values")
            add_texts(file, "split", splits, run, "part of the data set that the run belongs to")
            add_texts(file, "outcome", outcomes, run, "how the run went, in a word")
            add_texts(file, "message", messages, run, "how the run went, in a sentence")
            add_numbers(file, "samples", rows, [run], "1", "times of the run that have values")
            for name, values, meaning in (
                ("seed", plan.seeds, "seed of the run's random numbers"),
                ("point", plan.points, "row of the design that the run belongs to"),
            ):
                whole_numbers = file.create_dataset(name, data=np.asarray(values, dtype="<i8"))
                set_texts(whole_numbers, {"units": "1", "long_name": meaning})
                whole_numbers.dims[0].attach_scale(run)
            file.attrs[HASH] = found = content_hash(file)
    counted = {name: splits.count(name) for name in spec.split}
    return found, counted, {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}


def _growing(file: h5py.File, name: str, shape: tuple[int, ...], dtype: str, meaning: str) -> h5py.Dataset:
    """Add a variable that is written run by run: a chunk a run."""
    chunks = (1, *(max(1, size) for size in shape[1:]))
    fill = np.nan if dtype == "<f8" else 0
    made = file.create_dataset(
        name, shape, dtype, chunks=chunks, compression=LEVEL, shuffle=True, fletcher32=True, fillvalue=fill
    )
    set_texts(made, {"units": "1", "long_name": meaning})
    return made


def _sampled(whole: Whole, tags: Sequence[str], times: np.ndarray, X: h5py.Dataset, number: int) -> int:
    """Write one run's samples that lie on the grid of times; the rest stays NaN."""
    here = whole.memory.time
    at = np.searchsorted(here, times)
    on = np.flatnonzero(
        (at < len(here)) & (here[np.minimum(at, max(len(here) - 1, 0))] == times if len(here) else False)
    )
    if not on.size:
        return 0
    block = np.full((len(times), len(tags)), np.nan)
    for j, tag in enumerate(tags):
        block[on, j] = whole.memory.get(tag)[at[on]]
    X[number] = block
    return len(on)


def _label(
    file: h5py.File,
    spans: Sequence[tuple[int, str, str, float, float]],
    known: Sequence[str],
    times: np.ndarray,
    rows: np.ndarray,
    scales: Sequence[h5py.Dataset],
) -> None:
    """Write the ground truth: which faults go on at each time of each run, and where each was."""
    shape = (len(rows), len(times), max(1, len(known)))
    y = _growing(file, "y", shape, "i1", "1 while a fault goes on, else 0; 0 also where there is no sample")
    for axis, scale in enumerate(scales):
        y.dims[axis].attach_scale(scale)
    for number in sorted({span[0] for span in spans}):
        block = np.zeros(shape[1:], dtype="i1")
        for _, label, _, start, end in (span for span in spans if span[0] == number):
            block[(times >= start) & (times < end), known.index(label)] = 1
        y[number] = block
    told = [dict(zip(("run", "label", "where", "start", "end"), span, strict=True)) for span in spans]
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    set_texts(
        file.create_dataset("faults", data=text, dtype=TEXT),
        {"long_name": "every fault with its place, start and end [s], as JSON"},
    )


def _attributes(file: h5py.File, study: StudySpec, spec: DatasetSpec) -> None:
    from twin.config import resolved_yaml
    from twin.results.sections import versions

    set_texts(
        file,
        {
            "Conventions": "CF-1.11",
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "title": study.title,
            "study": study.name,
            "licence": spec.licence,
            "source": "twin, dynamic simulation: synthetic, the numbers are computed, not measured",
        },
    )
    group = file.create_group("/configuration")
    texts = {"study": json.dumps(study.plain, ensure_ascii=False)}
    texts |= {f"scenario_{scenario.name}": resolved_yaml(scenario) for scenario in study.scenarios}
    for name, text in texts.items():
        group.create_dataset(name, data=text, dtype=TEXT)
    group = file.create_group("/provenance")
    group.attrs["seed"] = study.seed
    set_texts(group, {f"version_{name.replace('-', '_')}": version for name, version in versions().items()})
