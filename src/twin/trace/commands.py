"""What `twin trace` does."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.units import parse_quantity

if TYPE_CHECKING:
    from twin.trace.assess import Diversion
    from twin.trace.tracing import Trace


def trace(arguments: Namespace) -> int:
    """`twin trace RUN|SCENARIO`"""
    from twin.trace.tracing import trace as carry_out

    if arguments.best:
        _can_be_written(arguments)
    paths = [_way(text) for text in arguments.path]
    found = carry_out(
        arguments.name,
        arguments.out,
        set=arguments.set,
        until=arguments.until,
        at=None if arguments.at is None else parse_quantity(arguments.at, "s"),
        paths=paths,
        of=arguments.of,
        holdup=arguments.holdup,
        rule=arguments.divert,
        say=lambda text: None if arguments.json else _progress(text),
    )
    if arguments.best and found.diversion is not None and found.diversion.searched is not None:
        from twin.trace.asked import read_rule
        from twin.trace.searching import write_best

        write_best(Path(arguments.best), read_rule(Path(arguments.divert)), found.diversion.searched, arguments.name)
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(found)) + "\n")
    else:
        tell(found)
        sys.stderr.write(f"{found.path}\n")
    return 0


def _can_be_written(arguments: Namespace) -> None:
    """What is wrong with --best is told before anything takes time."""
    from twin.errors import UsageError
    from twin.results.files import FileProblem
    from twin.trace.asked import read_rule

    if not arguments.divert or not read_rule(Path(arguments.divert)).search:
        raise UsageError("--best writes what the search: of a rule's file has found: give one with --divert")
    if Path(arguments.best).exists():
        raise FileProblem(f"{arguments.best} exists; it is not overwritten")


def _progress(text: str) -> None:
    sys.stderr.write(f"{text} …\n")


def _way(text: str) -> tuple[str, str]:
    source, _, target = (part.strip() for part in text.partition("->"))
    if not source or not target or "->" in target:
        from twin.errors import UsageError

        raise UsageError("--path reads 'SOURCE -> TARGET', such as --path 'blender.product -> tablets'")
    return source, target


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
                "tanks": _plain(c.tanks),
                "tanks_apart": _plain(c.apart()),
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
        "diversion": None if found.diversion is None else _diversion(found.diversion),
        "control": [_plain(vars(one)) for one in found.control],
    }


def _diversion(found: Diversion) -> dict[str, Any]:
    v = found.verdict
    told = {"rule": vars(found.rule), "in_time": found.rule.in_time, "yield_loss": v.yield_loss, **vars(v)}
    told["disturbances"] = [
        {name: value for name, value in vars(one).items() if name not in ("case", "verdict")}
        | ({} if one.verdict is None else vars(one.verdict))
        for one in found.disturbed
    ]
    told["search"] = None if found.searched is None else vars(found.searched)
    return {name: _plain(value) for name, value in told.items()}


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they are null."""
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(vars(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tell(found: Trace) -> None:
    """Print tables of residence times and of containers."""
    from rich.text import Text

    from twin.progress import clock
    from twin.tables import table_of, terminal

    console = terminal()
    console.print(Text(f"{found.spec.name}: residence times, flows held as at the pulse, and as they ran"))
    table = table_of("from", "to", "flows", "mean", "1, 50, 99 % by", "tanks", "F off", "arrived")
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
                f"{c.apart():.1g}",
                f"{c.arrived:.4f}",
            )
    console.print(table)
    g = found.genealogy
    followed = "all material together" if g.components == ("total",) else "component by component"
    joined = [name for name in g.components if "+" in name or "&" in name]
    followed += "".join(f"; {name} as one" for name in joined)
    console.print(Text(f"\ncontainers and batches, lots followed {followed}"))
    table = table_of("name", "filled", "mass", "lots: fraction ± standard uncertainty")
    for i, v in enumerate(g.vessels):
        parts = [f"{lot} {share:.4f} ± {u:.4f}" for lot, share, u in g.backward(v.name) if share >= 5e-5]
        filled = f"{clock(v.start)} to {clock(v.end)}{'' if v.complete else ' (not full)'}"
        table.add_row(Text(v.name), filled, f"{float(g.mass[i].sum()):.3f} kg", Text("\n".join(parts)))
    console.print(table)
    for one in found.identifiers:
        if one.wrong:
            console.print(Text(f"{one.owner}: {one.value!r} is not right: {one.wrong}"))
    if found.diversion is not None:
        verdict, rule = found.diversion.verdict, found.diversion.rule
        text = f"made {verdict.made:.3f} kg: accepted {verdict.accepted:.3f}, of which not conforming"
        text += f" {verdict.missed:.3f}; diverted {verdict.diverted:.3f}, of which conforming {verdict.false:.3f};"
        text += f" cost {verdict.cost:g}"
        console.print(Text(f"\ndiversion on {found.diversion.signal}: {text}"))
        late = "" if rule.in_time else " LATE: a reading is told after what it saw may matter at the gate."
        lags = f"{rule.lag_first:.1f} to {rule.lag_last:.1f} s after the sensor, margin {rule.margin:g} s."
        console.print(Text(f"the gate is open {lags}{late}"))
        for start, end, reason in verdict.opened:
            console.print(Text(f"  {clock(start)} to {clock(end)}: {reason}"))
        _tell_tried(found.diversion, console)
    if found.control:
        console.print(Text("\nstate of control"))
        table = table_of(
            "tag", "averaged", "justified up to", "at rest from", "Cpk (95 %)", "rules broken", "excursions"
        )
        for state in found.control:
            low, high = state.capability.Cpk_interval
            rest = clock(state.at_rest) if math.isfinite(state.at_rest) else "never"
            index = f"{state.capability.Cpk:.2f} ({low:.2f} to {high:.2f})"
            row = (f"{state.interval:g} s", f"{state.justified:.0f} s", rest, index)
            table.add_row(Text(state.tag), *row, f"{state.broken} of {state.capability.n}", str(len(state.deviations)))
        console.print(table)
        for state in found.control:
            for d in state.deviations:
                text = f"{d.tag}, deviation {d.number}: {clock(d.start)} to {clock(d.end)}, alarm {clock(d.alarm)},"
                console.print(Text(f"{text} peak {d.peak:.5g}; {d.mass:.3f} kg made: {d.disposition}"))
    for text in found.skipped:
        console.print(Text(f"not told: {text}"))


def _tell_tried(found: Diversion, console: Any) -> None:
    """What the rule did with disturbed runs, and what a search has found."""
    from rich.text import Text

    from twin.progress import clock
    from twin.tables import table_of

    if found.disturbed:
        table = table_of("disturbed", "from", "for", "held at", "made", "diverted", "in vain", "missed")
        for one in found.disturbed:
            v = one.verdict
            masses = [one.why] if v is None else [f"{x:.3f} kg" for x in (v.made, v.diverted, v.false, v.missed)]
            row = [clock(one.at), f"{one.length:.4g} s", f"{one.value:.4g}", *masses]
            table.add_row(Text(one.path), *row, *[""] * (7 - len(row)))
        console.print(table)
    if found.searched is not None:
        best = found.searched
        table = table_of("alarm inside by", "margin", "missed", "diverted in vain")
        for guard, margin, missed, false in best.table:
            table.add_row(f"{guard:g}", f"{margin:g} s", f"{missed:.3f} kg", f"{false:.3f} kg")
        console.print(table)
        text = (
            f"cheapest that misses nothing in {best.searched} runs: alarm at {best.best.low:g} and {best.best.high:g},"
        )
        text += f" margin {best.best.margin:g} s, cost {best.cost:g}; in {best.judged} other runs it misses"
        console.print(Text(f"{text} {best.missed:.3f} kg and diverts {best.false:.3f} kg in vain"))
