"""`twin tune`."""

from __future__ import annotations

import json
import math
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from twin.errors import UsageError


def tune(arguments: Namespace) -> int:
    """Experiment, apply a rule, search when asked to, and say what came of it."""
    from twin.control.linear.needs import library
    from twin.control.linear.point import find_point
    from twin.control.tuning import report
    from twin.control.tuning.session import explore, indices, search
    from twin.control.tuning.trial import COST, load_case
    from twin.units import parse_quantity

    library("scipy")  # before a plant is compiled in vain
    delay = parse_quantity(arguments.delay, "s")
    prices = [_price(text) for text in arguments.price]
    if (arguments.objective == COST) != bool(prices):
        raise UsageError("--objective cost needs --price, and --price needs --objective cost")
    point = find_point(arguments.scenario, arguments.at, arguments.set)
    tuned = [explore(point, name, arguments.rule, delay, arguments.relay, arguments.pid) for name in arguments.loops]
    ruled = {one.loop.name: one.chosen for one in tuned}
    figures: dict[str, Any] = {"objective": arguments.objective}
    cases = [load_case(name, arguments.set, prices) for name in [arguments.scenario, *arguments.also]]
    tested = [load_case(name, arguments.set, prices) for name in arguments.test]
    if arguments.optimise:
        varied = [
            [case, *(load_case(name, [*arguments.set, *text.split(",")], prices) for text in arguments.case)]
            for name, case in zip([arguments.scenario, *arguments.also], cases, strict=True)
        ]
        told = None if arguments.json or arguments.quiet else _told
        found = search(tuned, varied, kind=arguments.objective, Ms=arguments.Ms, trials=arguments.trials, told=told)
        figures["search"] = {"runs": found.runs, "relative": found.value, "trials": len(found.history)}
    before = {one.loop.name: one.before for one in tuned}
    after = {one.loop.name: one.chosen for one in tuned}
    figures["indices"] = {}
    for case in [*cases, *tested]:
        columns = [indices(tuned, case, settings, arguments.objective) for settings in (before, ruled, after)]
        figures["indices"][case.name + (" (not used for tuning)" if case in tested else "")] = {
            name: dict(zip(("before", "rule", "after"), (column[name] for column in columns), strict=True))
            for name in columns[0]
        }
    data = report.as_dict(tuned, figures)
    data["patch"] = report.patch(point.plant.spec, tuned)
    if arguments.out:
        report.write_patch(Path(arguments.out), data["patch"])
    if arguments.plot:
        from twin.control.tuning.plot import draw

        draw(tuned, [*cases, *tested], Path(arguments.plot))
    if arguments.json:
        print(json.dumps(data, allow_nan=False))  # noqa: T201
        return 0
    from rich.console import Console
    from rich.text import Text

    from twin.results.report import WIDTH

    console = Console()
    console = console if console.width >= WIDTH else Console(width=WIDTH)
    console.print(report.render(data))
    console.print(Text(data["patch"]))
    return 0


def _price(text: str) -> tuple[str, float]:
    """Read TAG=NUMBER."""
    path, _, number = text.partition("=")
    try:
        price = float(number)
    except ValueError:
        price = math.nan
    if not path or not math.isfinite(price):
        raise UsageError(f"--price takes TAG=NUMBER, as in filter.m_liquor=0.8, and not '{text}'")
    return path.strip(), price


def _told(trial: int, best: float) -> None:
    if trial % 10 == 0:
        print(f"trial {trial}: {best:.3g} of the rule's index", file=sys.stderr)  # noqa: T201
