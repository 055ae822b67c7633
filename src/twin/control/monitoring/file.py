"""The file of what monitors say of a run, beside it: HDF5 by the rules of run files, hashed, never overwritten.

/alarms       one row an alarm: monitor, kind, priority, raised, acknowledged, returned, state, cause
/statistics   a group for each chart: time, value, limit
/detections   one row a fault label: delay, by which monitor, whether at the right place
/load  /verdict  numbers as attributes
/monitors     how they were set, and what they learned, as JSON
/provenance   the run and its content hash, versions
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import h5py

from twin.config.monitors import monitor_tree
from twin.control.monitoring.session import Watched
from twin.control.monitoring.training import Trained
from twin.results.content import HASH, content_hash
from twin.results.files import file_errors, partial_path, publish
from twin.results.netcdf import LIBVER, add_dimension, add_numbers, set_texts
from twin.results.schedule import write_table
from twin.results.sections import versions

SCHEMA = "1.0"
SUFFIX = ".monitor.h5"

_ALARM_TEXTS = {
    "monitor": "its name",
    "kind": "which limit of which statistic",
    "priority": "of the monitor",
    "state": "at the end of the run",
    "tag": "measurement that has most to do with it",
    "cause": "measurements with their shares",
}
_ALARM_NUMBERS = {
    "raised": ("s", "told, after the delay"),
    "acknowledged": ("s", "acknowledged; NaN: not until the end"),
    "returned": ("s", "back inside; NaN: not until the end"),
    "value": ("", "of the statistic when it was raised"),
    "limit": ("", "of the statistic then"),
    "peak": ("", "furthest from the limit"),
}
_FAULT_TEXTS = {
    "label": "what is wrong",
    "where": "unit, feed or product",
    "by": "first alarm; empty: none",
    "tag": "measurement that it names first",
}
_FAULT_NUMBERS = {
    "start": ("s", "from"),
    "end": ("s", "to"),
    "delay": ("s", "until the first alarm; NaN: missed"),
    "located": ("1", "1: the measurement belongs to the place of the fault"),
}


def monitor_path(run: Path) -> Path:
    """Name of the file beside a run."""
    return run.with_name(run.name.removesuffix(".h5") + SUFFIX)


def write(found: Watched, trained: Trained, path: Path) -> Path:
    """Write a file that does not exist.

    Raises
    ------
    FileProblem
        When it does, or cannot be written.
    """
    partial = partial_path(path)
    try:
        with file_errors(partial), h5py.File(partial, "x", libver=LIBVER) as file:
            _write(file, found, trained)
            file.attrs[HASH] = content_hash(file)
        publish(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _write(file: h5py.File, found: Watched, trained: Trained) -> None:
    run = found.run
    about = {
        "Conventions": "CF-1.11",
        "title": f"Alarms of {run.path.name}",
        "source": "twin, monitors carried out on what a simulation recorded",
        "monitor_schema_version": SCHEMA,
    }
    set_texts(file, about)
    learned = trained.text()
    texts = {
        "run_file": run.path.name,
        "run_content_hash": str(run.attrs.get("content_hash", "")),
        "trained_sha256": hashlib.sha256(learned.encode()).hexdigest(),
    }
    set_texts(file.create_group("/provenance"), texts)
    set_texts(file.create_group("/provenance/versions"), versions())
    set_texts(
        file.create_group("/monitors"),
        {"set": json.dumps([monitor_tree(one) for one in found.monitors], ensure_ascii=False)},
    )
    file["/monitors"].create_dataset("learned", data=learned, dtype=h5py.string_dtype("utf-8"))
    write_table(file, file.create_group("/alarms"), "alarm", found.alarms, _ALARM_TEXTS, _ALARM_NUMBERS)
    write_table(file, file.create_group("/detections"), "fault", found.verdict.detections, _FAULT_TEXTS, _FAULT_NUMBERS)
    for path, values in (("/load", found.load.plain()), ("/verdict", found.verdict.plain())):
        group = file.create_group(path)
        group.attrs["grace_s"] = found.grace
        for key, value in values.items():
            if isinstance(value, int | float):
                group.attrs[key] = float(value)
    statistics = file.create_group("/statistics")
    for name, charts in found.charts.items():
        for chart in charts:
            number = len(statistics)
            group = statistics.create_group(str(number))
            set_texts(group, {"monitor": name, "kind": chart.kind})
            scale = add_dimension(file, f"look_{number}", len(chart.time))
            add_numbers(group, "time", chart.time, [scale], "s", "time of the look")
            add_numbers(group, "value", chart.value, [scale], "", "statistic")
            add_numbers(group, "limit", chart.limit, [scale], "", "beyond it is an alarm, after the delay")
