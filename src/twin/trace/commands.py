"""What `twin trace` does."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from twin.units import parse_quantity

if TYPE_CHECKING:
    from twin.trace.tracing import Trace


def trace(arguments: Namespace) -> int:
    """`twin trace RUN|SCENARIO`"""
    from twin.trace.tracing import trace as carry_out

    paths = [tuple(part.strip() for part in text.split("->")) for text in arguments.path]
    if any(len(pair) != 2 for pair in paths):
        from twin.commands import UsageError

        raise UsageError("--path reads 'SOURCE -> TARGET', such as --path 'blender.product -> tablets'")
    found = carry_out(
        arguments.name,
        arguments.out,
        set=arguments.set,
        until=arguments.until,
        at=None if arguments.at is None else parse_quantity(arguments.at, "s"),
        paths=paths,  # type: ignore[arg-type]
        of=arguments.of,
        holdup=arguments.holdup,
    )
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(found)) + "\n")
    else:
        tell(found)
        sys.stderr.write(f"{found.path}\n")
    return 0


def as_json(found: Trace) -> dict[str, Any]:
    """Give all of it but the curves."""
    g = found.genealogy
    return {
        "ok": True,
        "file": str(found.path),
        "followed": list(g.components),
        "rtd": [
            {
                "source": c.source,
                "target": c.target,
                "steady": c.steady,
                "entered": c.entered,
                "arrived": c.arrived,
                "mean": c.mean if c.arrived > 0.0 else None,
                "variance": c.variance if c.arrived > 0.0 else None,
            }
            for c in found.residences
        ],
        "containers": [
            {
                "name": v.name,
                "of": v.of,
                "start": v.start,
                "end": v.end,
                "complete": v.complete,
                "mass": float(g.mass[i].sum()),
                "lots": {lot: [share, u] for lot, share, u in g.backward(v.name) if share > 0.0},
                "unaccounted": float(g.unaccounted[i]),
            }
            for i, v in enumerate(g.vessels)
        ],
        "identifiers": [one._asdict() for one in found.identifiers],
        "skipped": found.skipped,
    }


def tell(found: Trace) -> None:
    """Print tables of residence times and of containers."""
    from rich.text import Text

    from twin.progress import clock
    from twin.tables import _console, _table

    console = _console()
    console.print(Text(f"{found.spec.name}: residence times, flows held as at the pulse, and as they ran"))
    table = _table("from", "to", "flows", "mean", "1, 50, 99 % by", "tanks", "arrived")
    for c in found.residences:
        if c.arrived > 0.0:
            by = ", ".join(f"{c.percentile(percent):.4g}" for percent in (1.0, 50.0, 99.0))
            flows = "held" if c.steady else "as run"
            table.add_row(
                Text(c.source),
                Text(c.target),
                flows,
                f"{c.mean:.4g} s",
                f"{by} s",
                f"{c.tanks:.3g}",
                f"{c.arrived:.4f}",
            )
    console.print(table)
    g = found.genealogy
    followed = "all material together" if g.components == ("total",) else "component by component"
    console.print(Text(f"\ncontainers and batches, lots followed {followed}"))
    table = _table("name", "filled", "mass", "lots: fraction ± standard uncertainty")
    for i, v in enumerate(g.vessels):
        parts = [f"{lot} {share:.4f} ± {u:.4f}" for lot, share, u in g.backward(v.name) if share >= 5e-5]
        filled = f"{clock(v.start)} to {clock(v.end)}{'' if v.complete else ' (not full)'}"
        table.add_row(Text(v.name), filled, f"{float(g.mass[i].sum()):.3f} kg", Text("\n".join(parts)))
    console.print(table)
    for one in found.identifiers:
        if one.wrong:
            console.print(Text(f"{one.owner}: {one.value!r} is not right: {one.wrong}"))
    for text in found.skipped:
        console.print(Text(f"not told: {text}"))
