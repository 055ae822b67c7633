"""Reads `fault:`, the ground truth that an event or a step carries."""

from __future__ import annotations

from twin.config.document import Node, Problems, closest
from twin.config.process_spec import FaultSpec
from twin.config.scenario_keys import FAULT
from twin.config.spec import PlantSpec


def read_fault(problems: Problems, node: Node | None, plant: PlantSpec | None, clears: bool) -> FaultSpec | None:
    """Read {label: bridging, where: api_feeder}, or {clears: bridging} where an event may end a fault."""
    if node is None or node.is_null:
        return None
    example = "{label: bridging, where: api_feeder}"
    pairs = problems.mapping(node, "fault is a mapping", example)
    known = [key for key in FAULT.names if clears or key != "clears"]
    problems.known_keys(node, known, "unknown key", "a fault")
    ends, label = node.get("clears"), node.get("label")
    if not pairs or (label is None) == (ends is None if clears else True):
        more = " or, where it ends, {clears: bridging}" if clears else ""
        problems.add(node, "not a fault", f"A fault reads {example}{more}.")
        return None
    if ends is not None:
        return FaultSpec(problems.string(ends, "not a label"), clears=True)
    assert label is not None
    where = node.get("where")
    place = "" if where is None else problems.string(where, "not a place")
    if where is not None and plant is not None and place:
        places = [*(u.name for u in plant.units), *(f.name for f in plant.feeds), *(p.name for p in plant.products)]
        if place.partition(".")[0] not in places:
            detail = f"There is no unit, feed or product '{place}' in {plant.name}.{closest(place, places)}"
            problems.add(where, "unknown place", detail)
    return FaultSpec(problems.string(label, "not a label"), place)
