"""Files of linear systems, for MATLAB (.mat) and NumPy (.npz), and python-control's own class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twin.control.linear.needs import library
from twin.control.linear.system import Linear
from twin.results.files import FileProblem

SUFFIXES = (".mat", ".npz")
TEXTS = ("states", "inputs", "outputs", "state_units", "input_units", "output_units", "notes")
NUMBERS = ("B", "C", "D", "x_0", "u_0", "y_0", "scale", "rates")


def write(linear: Linear, path: Path) -> None:
    """Write a system into a file that must not exist.

    A `.mat` holds A as a sparse matrix and names as cells; in MATLAB `load(FILE); sys = ss(full(A), B, C, D)`.
    An `.npz` holds A as its rows, columns and values.

    Raises
    ------
    FileProblem
        When the file exists, or is to be of another kind.
    """
    if path.suffix not in SUFFIXES:
        raise FileProblem(f"{path.name}: a linear system is written as {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise FileProblem(f"there is no folder {path.parent}, so {path.name} cannot be written there. Make it first.")
    if path.exists():
        raise FileProblem(f"{path} exists and is not overwritten. Give another name with --out.")
    numbers: dict[str, Any] = {name: getattr(linear, name) for name in NUMBERS}
    if path.suffix == ".mat":
        columns = {name: numbers[name].reshape(-1, 1) for name in ("x_0", "u_0", "y_0", "scale", "rates")}
        cells = {name: np.array(getattr(linear, name), dtype=object).reshape(-1, 1) for name in TEXTS}
        A = library("scipy.sparse").csc_matrix(linear.A)
        data = {**numbers, **columns, **cells, "A": A, "title": linear.title}
        library("scipy.io").savemat(path, data, oned_as="column", do_compression=True)
        return
    rows = linear.A.tocoo()
    A = {"A_row": rows.coords[0], "A_column": rows.coords[1], "A_value": rows.data}
    texts = {name: np.array(getattr(linear, name), dtype=str) for name in (*TEXTS, "title")}
    np.savez_compressed(path, allow_pickle=False, **A, **numbers, **texts)  # type: ignore[arg-type]


def read(path: str | Path) -> Linear:
    """Read a system from an `.npz` file that `write` wrote."""
    with np.load(path, allow_pickle=False) as data:
        n = len(data["x_0"])
        entries = (data["A_value"], (data["A_row"], data["A_column"]))
        values: dict[str, Any] = {name: data[name] for name in NUMBERS}
        values |= {name: tuple(data[name].tolist()) for name in TEXTS}
        A = library("scipy.sparse").csr_array(entries, shape=(n, n))
        return Linear(A=A, title=str(data["title"]), **values)


def to_control(linear: Linear) -> Any:
    """Give the system as python-control's `StateSpace`, with its names."""
    names = {"states": linear.states, "inputs": linear.inputs, "outputs": linear.outputs}
    # python-control allows no dots in the names of signals
    named = {key: [name.replace(".", "_") for name in value] for key, value in names.items()}
    return library("control").ss(linear.A.toarray(), linear.B, linear.C, linear.D, **named)
