"""The file of a study: a row a run, a column a factor or response. Opens in xarray, HDFView, MATLAB unaided.

found = open_study("doses.h5")
found.X, found.Y          # [runs, factors], [runs, responses], in the units of found.factors, found.responses
found.column("yield"), found.finished, found.outcomes
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from twin.config.document import closest
from twin.results.content import HASH, content_hash
from twin.results.files import FileProblem, file_errors, need_room, partial_path, publish
from twin.results.netcdf import LIBVER, TEXT, add_coordinate, add_numbers, add_texts, set_texts
from twin.results.records import plain

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Version of this layout; the first number changes when an old reader would misread a new file.
SCHEMA_VERSION = "1.0"
#: What the root says that it is.
KIND = "study"
#: Outcome of a run that reached its end.
FINISHED = "finished"


@dataclass(frozen=True)
class Factor:
    """One column of X.

    Attributes
    ----------
    name : str
        As the study calls it; the target where it gives no name.
    unit, meaning : str
        Of the values in X. Choices have unit "1": their values count `levels` from 0.
    targets : tuple of str
        Dotted paths that take the value, or `scenario`, `fault.<label>`.
    kind : str
        "number" or "choice".
    low, high : float
        Ends of its range; infinite where a distribution has none.
    distribution : dict
        Its kind and numbers in `unit`: {"kind": "normal", "mean": …, "sd": …}; {"kind": "levels", "values": [...]}.
    levels : tuple of str
        Names of a choice's values.
    """

    name: str
    unit: str
    meaning: str
    targets: tuple[str, ...]
    kind: str = "number"
    low: float = -np.inf
    high: float = np.inf
    distribution: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Response:
    """One column of Y; `low` and `high` are its limits, infinite where it has none."""

    name: str
    unit: str
    meaning: str
    low: float = -np.inf
    high: float = np.inf
    source: Mapping[str, Any] = field(default_factory=dict)  #: as the study asks for it


@dataclass(frozen=True)
class Table:
    """All that a study gives, before it is a file and after.

    Attributes
    ----------
    factors, responses : tuple
        Columns of X and Y.
    X : array [runs, factors]
    Y : array [runs, responses]
        NaN where a run did not come so far.
    outcomes, messages : tuple of str
        How each run went: `finished` or the failure's name, and the sentence.
    reached : array [runs]
        Plant time reached [s].
    seeds : array [runs] of int
        Of the random numbers that scans draw.
    points, replicates : array [runs] of int
        Row of the design that a run belongs to, and its number among the replicates of that row.
    """

    factors: tuple[Factor, ...]
    responses: tuple[Response, ...]
    X: np.ndarray
    Y: np.ndarray
    outcomes: tuple[str, ...]
    messages: tuple[str, ...]
    reached: np.ndarray
    seeds: np.ndarray
    points: np.ndarray
    replicates: np.ndarray

    @property
    def finished(self) -> np.ndarray:
        """Which runs reached their end, [runs] bool."""
        return np.array([outcome == FINISHED for outcome in self.outcomes], dtype=bool)

    def column(self, name: str) -> np.ndarray:
        """Values of a factor or response, [runs]. Raises FileProblem with the closest name."""
        names = [item.name for item in self.factors]
        if name in names:
            return np.asarray(self.X[:, names.index(name)])
        others = [item.name for item in self.responses]
        if name in others:
            return np.asarray(self.Y[:, others.index(name)])
        raise FileProblem(f"the study has no factor or response '{name}'.{closest(name, [*names, *others])}")

    def unit(self, name: str) -> str:
        """Unit of a factor or response. Raises FileProblem."""
        self.column(name)
        units = {item.name: item.unit for item in self.factors} | {item.name: item.unit for item in self.responses}
        return units[name]


@dataclass(frozen=True)
class StudyFile(Table):
    """A study's file; see :func:`open_study`. `attrs` are those of the root, `design` is the YAML's, resolved."""

    path: Path = Path()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    design: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    study_yaml: str = ""  #: verbatim; empty where the study was made in Python
    resolved: Mapping[str, Any] = field(default_factory=dict)  #: what makes the same study again

    @property
    def content_hash(self) -> str:
        """Hash of the content, wall times left out: the same for the same study."""
        return str(self.attrs[HASH])

    def to_xarray(self) -> xr.Dataset:
        """The study as an xarray dataset with a variable a factor and response along `run`."""
        import xarray as xr

        columns: dict[str, Any] = {}
        for i, factor in enumerate(self.factors):
            values: Any = self.X[:, i]
            if factor.levels:
                values = np.array([factor.levels[int(v)] for v in values], dtype=object)
            columns[factor.name] = ("run", values, {"units": factor.unit, "long_name": factor.meaning})
        for j, response in enumerate(self.responses):
            columns[response.name] = ("run", self.Y[:, j], {"units": response.unit, "long_name": response.meaning})
        columns["outcome"] = ("run", np.array(self.outcomes, dtype=object))
        return xr.Dataset(columns, coords={"run": np.arange(len(self.X))}, attrs=dict(self.attrs))

    def to_pandas(self) -> pd.DataFrame:
        """The study as a table, a row a run."""
        return self.to_xarray().to_pandas()  # type: ignore[no-any-return]


def open_study(path: str | Path) -> StudyFile:
    """Read a study's file.

    Raises
    ------
    FileProblem
        When there is no such file, or it is no study, or it is damaged.
    """
    place = Path(path)
    if not place.is_file():
        raise FileProblem(f"there is no file {place}")
    try:
        with h5py.File(place, "r") as file:
            if file.attrs.get("kind") != KIND:
                raise FileProblem(f"{place} is an HDF5 file, but not a study of twin")
            version = str(file.attrs["schema_version"])
            if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
                raise FileProblem(f"{place} has schema {version}; this version of twin reads {SCHEMA_VERSION}")
            return _read(place, file)
    except (OSError, RuntimeError, KeyError) as error:
        if isinstance(error, OSError) and "signature not found" in str(error):
            raise FileProblem(f"{place} is not an HDF5 file") from error
        raise FileProblem(f"{place} is damaged: {error}") from error


def write_study(
    path: Path,
    table: Table,
    *,
    attributes: Mapping[str, str],
    design: Mapping[str, Any],
    texts: Mapping[str, tuple[str, str]],
    provenance: Mapping[str, Any],
    session: Mapping[str, Any],
) -> str:
    """Write a study's file, which must not exist, and give its content hash.

    Parameters
    ----------
    path : Path
    table : Table
    attributes : mapping of str to str
        Of the root: title, study, scenario, plant …
    design : mapping
        As JSON.
    texts : mapping of name to (text, meaning)
        Under /configuration.
    provenance : mapping
        Versions, fingerprints, seed: the same for equal studies.
    session : mapping
        What differs between equal studies: wall times, workers. Not hashed.

    Raises
    ------
    FileProblem
        When the name is taken, or the disk refuses.
    """
    partial = partial_path(path)
    with file_errors(partial):
        need_room(partial, table.X.nbytes + table.Y.nbytes)
        with h5py.File(partial, "x", libver=LIBVER) as file:
            set_texts(file, {"Conventions": "CF-1.11", "kind": KIND, "schema_version": SCHEMA_VERSION, **attributes})
            _write_table(file, table)
            set_texts(file.create_group("/design"), {"json": _json(design)})
            group = file.create_group("/configuration")
            for name, (text, meaning) in texts.items():
                set_texts(group.create_dataset(name, data=text, dtype=TEXT), {"long_name": meaning})
            _write_attributes(file.create_group("/provenance"), provenance)
            _write_attributes(file.create_group("/provenance/session"), session)
            file.attrs[HASH] = found = content_hash(file)
    publish(partial, path)
    return found


def _write_table(file: h5py.File, table: Table) -> None:
    n = len(table.X)
    run = add_coordinate(file, "run", np.arange(n, dtype=float), "1", "number of the run")
    factor = add_coordinate(file, "factor", [item.name for item in table.factors], "", "name of the factor")
    response = add_coordinate(file, "response", [item.name for item in table.responses], "", "name of the response")
    add_numbers(file, "X", table.X, [run, factor], "1", "values of the factors, in the units of /factors/unit")
    add_numbers(file, "Y", table.Y, [run, response], "1", "values of the responses, in the units of /responses/unit")
    add_texts(file, "outcome", table.outcomes, run, "how the run went, in a word")
    add_texts(file, "message", table.messages, run, "how the run went, in a sentence")
    add_numbers(file, "reached", table.reached, [run], "s", "plant time reached")
    for name, values, meaning in (
        ("seed", table.seeds, "seed of the run's random numbers"),
        ("point", table.points, "row of the design that the run belongs to"),
        ("replicate", table.replicates, "number of the run among the replicates of its row"),
    ):
        whole = file.create_dataset(name, data=np.asarray(values, dtype="<i8"), fletcher32=n > 0, chunks=(max(1, n),))
        set_texts(whole, {"units": "1", "long_name": meaning})
        whole.dims[0].attach_scale(run)
    columns: dict[str, tuple[Sequence[Any], h5py.Dataset]] = {
        "factors": (table.factors, factor),
        "responses": (table.responses, response),
    }
    for place, (items, scale) in columns.items():
        group = file.create_group(f"/{place}")
        add_texts(group, "unit", [item.unit for item in items], scale, "unit of its values")
        add_texts(group, "meaning", [item.meaning for item in items], scale, "what it is")
        for name, meaning in (("low", "least value"), ("high", "greatest value")):
            add_numbers(group, name, [getattr(item, name) for item in items], [scale], "1", f"{meaning}, in its unit")
    group = file["/factors"]
    add_texts(group, "kind", [f.kind for f in table.factors], factor, "number, or choice among levels")
    add_texts(group, "targets", [_json(f.targets) for f in table.factors], factor, "what takes the value (JSON)")
    add_texts(group, "levels", [_json(f.levels) for f in table.factors], factor, "names of a choice's values (JSON)")
    told = [_json(f.distribution) for f in table.factors]
    add_texts(group, "distribution", told, factor, "distribution or levels, in its unit (JSON)")
    told = [_json(r.source) for r in table.responses]
    add_texts(file["/responses"], "source", told, response, "what it is made from (JSON)")


def _write_attributes(group: h5py.Group, values: Mapping[str, Any]) -> None:
    set_texts(group, {name: value for name, value in values.items() if isinstance(value, str)})
    for name, value in values.items():
        if not isinstance(value, str):
            group.attrs[name] = value


def _read(path: Path, file: h5py.File) -> StudyFile:
    def texts(place: str) -> list[str]:
        return [str(text) for text in file[place].asstr()[()]]

    def numbers(place: str) -> list[float]:
        return [float(value) for value in file[place][()]]

    def loaded(place: str) -> list[Any]:
        return [json.loads(text) for text in texts(place)]

    factors = [
        Factor(name, unit, meaning, tuple(targets), kind, low, high, told, tuple(levels))
        for name, unit, meaning, targets, kind, low, high, told, levels in zip(
            texts("factor"),
            texts("factors/unit"),
            texts("factors/meaning"),
            loaded("factors/targets"),
            texts("factors/kind"),
            numbers("factors/low"),
            numbers("factors/high"),
            loaded("factors/distribution"),
            loaded("factors/levels"),
            strict=True,
        )
    ]
    responses = [
        Response(*row)
        for row in zip(
            texts("response"),
            texts("responses/unit"),
            texts("responses/meaning"),
            numbers("responses/low"),
            numbers("responses/high"),
            loaded("responses/source"),
            strict=True,
        )
    ]
    provenance = {key: plain(value) for key, value in file["/provenance"].attrs.items()}
    provenance["session"] = {key: plain(value) for key, value in file["/provenance/session"].attrs.items()}
    return StudyFile(
        factors=tuple(factors),
        responses=tuple(responses),
        X=file["X"][()],
        Y=file["Y"][()],
        outcomes=tuple(texts("outcome")),
        messages=tuple(texts("message")),
        reached=file["reached"][()],
        seeds=file["seed"][()],
        points=file["point"][()],
        replicates=file["replicate"][()],
        path=path,
        attrs={key: plain(value) for key, value in file.attrs.items()},
        design=json.loads(str(file["/design"].attrs["json"])),
        provenance=provenance,
        study_yaml=str(file["/configuration/study"].asstr()[()]),
        resolved=json.loads(str(file["/configuration/resolved"].asstr()[()])),
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_listed)


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else dict(value)
