"""The card of a data set: what it is, for who uses it, in Markdown with the head that hubs of data sets read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.results.content import HASH
from twin.study.file import FINISHED
from twin.study.spec import DatasetSpec, StudySpec

_TEXT = """\
---
{head}
---
# {title}

{description}

{runs} runs of {scenarios} (plant `{plant}`), simulated by Twin. **Synthetic**: every number is computed by models with
the constants of a plant that does not exist; none was measured.

## What is in it

`data.h5` (HDF5, netCDF-4 layout) holds `X[run, time, tag]`, sampled every {every:g} s, the ground truth
`y[run, time, fault]` (1 while a fault goes on), `factors[run, factor]`, and `split`, `outcome` and `seed` of each run;
`faults` is a JSON list of every fault with its place, start and end. A run that failed has NaN from where it stopped.

```python
import xarray

data = xarray.open_dataset("data.h5")
{first} = data.isel(run=data["split"].values == "{first}")
```

{tags}

{faults}

{factors}

## Splits

Rows of the design are shuffled by the study's seed; all replicates of a row are in one split.

{splits}

## Licence, hash, and how to make it again

{licence}. Content hash of `data.h5`: `{hash}`.

    twin dataset {file} --verify .

makes all of it again from `{file}` (seed {seed}), with the version of Twin that stands in `/provenance` and what it
ships (what stood beside the study is in this folder, too), and compares the hashes.

## Limits

Models simplify; noise is that of the scenario's instruments, and faults are those that the scenario describes. A method
that does well here has shown nothing yet about a real plant.
"""


def card(study: StudySpec, spec: DatasetSpec, splits: Mapping[str, int], path: Path, file: str) -> str:
    """Describe a data set.

    Parameters
    ----------
    study : StudySpec
    spec : DatasetSpec
    splits : mapping of str to int
        Runs of each split.
    path : Path
        Its `data.h5`.
    file : str
        Name of the study in the data set's folder.
    """
    with h5py.File(path, "r") as data:

        def texts(name: str) -> list[str]:
            return [str(text) for text in data[name].asstr()[()]]

        tags = zip(spec.tags, texts("tag_unit"), texts("tag_meaning"), strict=True)
        going, names, runs = data["y"][()], texts("fault"), len(data["run"])
        split, finished = np.array(texts("split")), np.array(texts("outcome")) == FINISHED
        found = str(data.attrs[HASH])
    size = "n<1K" if runs < 1000 else "1K<n<10K" if runs < 10_000 else "10K<n<100K" if runs < 100_000 else "n>100K"
    head: dict[str, Any] = {
        "license": spec.licence.lower(),
        "pretty_name": study.title,
        "tags": ["simulation", "synthetic", "continuous manufacturing", "time series"],
        "size_categories": [size],
    }
    faults = [
        (name, int(going[:, :, i].any(axis=1).sum()), f"{float(going[:, :, i].mean()):.4f}")
        for i, name in enumerate(names)
    ]
    factors = [(f.name, f.column.unit, f"{f.column.low:g}", f"{f.column.high:g}") for f in study.factors]
    return _TEXT.format(
        head="\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()),
        title=study.title,
        description=spec.description or "Runs of a simulated plant.",
        runs=runs,
        scenarios=", ".join(f"`{scenario.name}`" for scenario in study.scenarios),
        plant=study.scenarios[0].plant.name,
        every=study.scenarios[0].record_every,
        first=next(iter(spec.split)),
        tags=_table(("tag", "unit", "meaning"), ((f"`{tag}`", unit, meaning) for tag, unit, meaning in tags)),
        faults=_table(("fault", "runs", "share of the samples"), faults),
        factors=_table(("factor", "unit", "from", "to"), factors),
        splits=_table(
            ("split", "runs", "finished"),
            ((name, count, int(finished[split == name].sum())) for name, count in splits.items()),
        ),
        licence=spec.licence,
        hash=found,
        seed=study.seed,
        file=file,
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)
