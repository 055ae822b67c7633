"""What predictive controllers leave in a run file: `/prediction/<tag>`; their moves and failures are events."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from twin.control.predictive.controller import Predictive
from twin.results.netcdf import add_dimension, add_numbers, add_texts, set_texts


def write_prediction(file: h5py.File, controllers: Sequence[Predictive]) -> None:
    """Write what each looked at, expected, and did.

    Parameters
    ----------
    file : h5py.File
        Of a run that has ended.
    controllers : sequence of Predictive
    """
    for number, one in enumerate(controllers):
        looks = one.looks
        group = file.require_group("/prediction").create_group(one.spec.name)
        set_texts(group, {"state": one.spec.state})
        look = add_dimension(file, f"look_{number}", len(looks))
        measured = add_dimension(file, f"predicted_{number}", len(one.spec.measured))
        moved = add_dimension(file, f"moved_{number}", len(one.spec.moved))
        add_texts(group, "tag", [m.tag for m in one.spec.measured], measured, "what is predicted")
        add_texts(group, "sensor", [m.sensor for m in one.spec.measured], measured, "what is read")
        add_texts(group, "path", [m.path for m in one.spec.moved], moved, "what is moved")
        add_texts(group, "failed", [row.failed for row in looks], look, "why there was no solution; empty: there was")
        add_numbers(group, "time", [row.time for row in looks], [look], "s", "time of the look")
        add_numbers(group, "iterations", [float(row.iterations) for row in looks], [look], "1", "of the solver")
        for name, meaning in (
            ("read", "what the sensors told"),
            ("expected", "what the model expected of them"),
            ("excess", "by how much limits are passed in the prediction at most"),
        ):
            values = np.array([getattr(row, name) for row in looks]).reshape(len(looks), len(one.spec.measured))
            add_numbers(group, name, values, [look, measured], "", meaning)
        values = np.array([row.values for row in looks]).reshape(len(looks), len(one.spec.moved))
        add_numbers(group, "value", values, [look, moved], "", "what the moved values are from then on")
