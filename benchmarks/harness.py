"""A small harness: repeated measurements on one core, with the machine beside them, as JSON.

Times are CPU seconds of the process (an integration runs in a thread of its own), so that a busy
machine slows them less; ratios are of minima within one run. Results are checked against `SCHEMA`
before they are written. `twin bench --out FOLDER` has them written there instead, short forms included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

#: Results that are committed; and where results are written now.
COMMITTED = Path(__file__).parent / "results"
RESULTS = Path(os.environ.get("TWIN_BENCH_OUT") or COMMITTED)

#: What a results file holds: name -> type, or a list of one mapping.
SCHEMA: dict[str, Any] = {
    "benchmark": str,
    "question": str,
    "made": str,
    "environment": {"python": str, "machine": str, "cores": int, "load": float, "versions": dict},
    "rows": [{"name": str, "values": dict}],
    "notes": list,
}


class Skipped(Exception):
    """A benchmark, or one row of it, that cannot be run here; the message is the reason."""


def stores(quick: bool) -> bool:
    """Whether results are written: short ones only where `twin bench --out` asks for them."""
    return not quick or RESULTS != COMMITTED


def quickly(doc: str | None, short: str) -> bool:
    """Whether the command line of a benchmark, which has no other option, asks for its short form."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{short}, nothing stored")
    return bool(parser.parse_args().quick)


def measure(function: Callable[[], Any], repeats: int = 5) -> dict[str, float]:
    """Give least, median and greatest CPU seconds of this process over `repeats` calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    times.sort()
    return {"min_s": times[0], "median_s": times[len(times) // 2], "max_s": times[-1]}


def environment() -> dict[str, Any]:
    """Describe where the numbers come from, without naming the machine."""
    packages = ("numpy", "numba", "llvmlite", "scipy", "scikit-sundae", "h5py")
    return {
        "python": platform.python_version(),
        "machine": f"{sys.platform} {platform.machine()}",
        "cores": os.cpu_count() or 1,
        "load": float(os.getloadavg()[0]) if hasattr(os, "getloadavg") else -1.0,
        "versions": {name: found for name in packages if (found := _version(name))},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def check(value: Any, schema: Any, place: str = "result") -> None:
    """Compare a result with the schema. Raises ValueError naming the place."""
    if isinstance(schema, dict):
        if not isinstance(value, dict) or set(value) != set(schema):
            raise ValueError(f"{place}: expected the keys {', '.join(schema)}")
        for key, inner in schema.items():
            check(value[key], inner, f"{place}.{key}")
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise ValueError(f"{place}: expected a list")
        for i, entry in enumerate(value):
            check(entry, schema[0], f"{place}[{i}]")
    elif not isinstance(value, schema):
        raise ValueError(f"{place}: expected {schema.__name__}, not {value!r}")


def made() -> dict[str, Any]:
    """When and on what numbers are made: what every result says."""
    return {"made": f"{datetime.now(UTC):%Y-%m-%d}", "environment": environment()}


def write(benchmark: str, question: str, rows: list[dict[str, Any]], notes: list[str]) -> Path:
    """Write `results/<benchmark>.json`."""
    result = {
        "benchmark": benchmark,
        "question": question,
        **made(),
        "rows": rows,
        "notes": notes,
    }
    check(result, SCHEMA)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{benchmark}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def between(page: str, begin: str, end: str, text: str) -> str:
    """Put a text between two marks of a page, in place of what stands there."""
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{text}\n\n{end}{tail}"


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows as aligned text."""
    for row in rows:
        values = "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row["values"].items())
        sys.stdout.write(f"{row['name']:<44s} {values}\n")
    sys.stdout.flush()
