"""What filters leave in a file: `/estimation/<tag>`."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from twin.control.estimation.filter import Filter
from twin.control.estimation.seen import warnings
from twin.results.netcdf import add_dimension, add_numbers, add_texts, set_texts
from twin.results.schedule import write_table

_ALARM_TEXTS = {
    "kind": "drift, change, bias, sensor, or model: which test tells",
    "what": "what drifts, or is read wrong; empty: all together",
}
_ALARM_NUMBERS = {
    "time": ("s", "told"),
    "since": ("s", "by the test begun"),
    "direction": ("1", "1 upwards, -1 downwards"),
    "value": ("", "estimate of what drifts, or the statistic"),
    "sd": ("", "its standard deviation, or the limit"),
}


def write_estimation(file: h5py.File, filters: Sequence[tuple[Filter, str]]) -> None:
    """Write what each saw and says.

    Parameters
    ----------
    file : h5py.File
    filters : sequence of (Filter, str)
        Each with why it stopped; empty where it did not.
    """
    for number, (one, failed) in enumerate(filters):
        looks, spec = one.looks, one.spec
        group = file.require_group("/estimation").create_group(spec.name)
        set_texts(group, {"failed": failed})
        group.attrs["cusum_slacks"], group.attrs["cusum_limits"] = one.cusum.slacks, one.cusum.limits
        group.attrs["change_limit"] = one.change.limit
        group.attrs["false_alarms"] = spec.false_alarms
        look = add_dimension(file, f"filtered_{number}", len(looks))
        sensed = add_dimension(file, f"sensed_{number}", len(spec.measured))
        told = add_dimension(file, f"told_{number}", len(spec.inputs))
        unsure = add_dimension(file, f"uncertain_{number}", len(one.names))
        output = add_dimension(file, f"estimated_{number}", len(spec.measured) + len(spec.estimates))
        state = add_dimension(file, f"covered_{number}", len(one.places))
        add_texts(group, "tag", [m.tag for m in spec.measured], sensed, "what is measured")
        add_texts(group, "sensor", [m.sensor for m in spec.measured], sensed, "what is read")
        add_texts(group, "input", list(spec.inputs), told, "what it is told of")
        add_texts(group, "uncertain", one.names, unsure, "disturbances and biases")
        names = [*(m.tag for m in spec.measured), *spec.estimates]
        add_texts(group, "estimated", names, output, "what it tells")
        covered = [one.model.plant.label(int(place)) for place in one.places]
        add_texts(group, "covered", covered, state, "states that have a covariance at the end")
        add_numbers(group, "time", [row.time for row in looks], [look], "s", "time of the look")
        add_numbers(group, "nis", [row.nis for row in looks], [look], "1", "normalised innovation squared")
        add_numbers(group, "used", [float(row.used.sum()) for row in looks], [look], "1", "readings used")
        for name, scales, meaning in (
            ("inputs", told, "what it was told"),
            ("read", sensed, "what sensors told"),
            ("expected", sensed, "what was expected of them"),
            ("spread", sensed, "standard deviation of the difference"),
            ("values", unsure, "disturbances and biases"),
            ("sds", unsure, "their standard deviations"),
            ("estimates", output, "estimates"),
            ("estimate_sds", output, "their standard deviations"),
        ):
            values = np.array([getattr(row, name) for row in looks]).reshape(len(looks), scales.shape[0])
            add_numbers(group, name, values, [look, scales], "", meaning)
        unread = np.array([one.unread(row.time) for row in looks]).reshape(len(looks), len(one.names))
        add_numbers(group, "sds_unread", unread, [look, unsure], "", "their standard deviations without a reading")
        set_texts(group, {"warnings": "\n".join(warnings(one, failed))})
        write_table(file, group.create_group("alarms"), f"suspicion_{number}", one.alarms, _ALARM_TEXTS, _ALARM_NUMBERS)
