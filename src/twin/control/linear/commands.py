"""`twin linearise`."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path


def linearise(arguments: Namespace) -> int:
    """Linearise, say what follows, write and draw."""
    from twin.control.linear import report
    from twin.control.linear.export import write
    from twin.control.linear.linearise import linearise as take
    from twin.control.linear.loops import find_loop, loops
    from twin.control.linear.needs import library
    from twin.control.linear.point import find_point
    from twin.control.linear.structure import reduced

    library("scipy")  # before a plant is compiled in vain
    point = find_point(arguments.name, arguments.at, arguments.set)
    spec = point.plant.spec
    chosen = [find_loop(spec, name) for name in arguments.loops]
    inputs = [*(loop.output for loop in chosen), *arguments.inputs]
    outputs = [*(loop.measurement for loop in chosen), *arguments.outputs]
    if not inputs:
        inputs = [loop.setpoint for loop in loops(spec)]
    if not outputs:
        outputs = [loop.measurement for loop in loops(spec)]
    also = [find_loop(spec, name).output for name in arguments.open]
    linear = take(point, inputs, outputs, [path for path in also if path not in inputs])
    bound = None
    if arguments.reduce is not None:
        linear, bound = reduced(linear, arguments.reduce)
    data = report.as_dict(linear, arguments.hankel)
    if bound is not None:
        data["error_bound"] = bound
    if arguments.out:
        write(linear, Path(arguments.out))
    if arguments.plot:
        from twin.control.linear.plot import draw

        draw(linear, Path(arguments.plot))
    if arguments.json:
        print(json.dumps(data, allow_nan=False))  # noqa: T201
        return 0
    from rich.console import Console

    from twin.results.report import WIDTH

    console = Console()
    console = console if console.width >= WIDTH else Console(width=WIDTH)
    console.print(report.render(data))
    if bound is not None:
        console.print(f"Error of the reduced response: below {bound:.3g} of the outputs' sizes per size of an input")
    return 0
