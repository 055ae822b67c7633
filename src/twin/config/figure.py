"""Reads `figure:` of a scenario: which tags tell most about it, panel by panel.

    figure:
      - [crystallizer.T, reactor.T]
      - press.hardness

The documentation draws them; a run does not read them.
"""

from __future__ import annotations

from twin.config.document import Node, Problems, closest
from twin.config.spec import PlantSpec

_EXAMPLE = "[[reactor.T, jacket.T], press.hardness]"
#: More panels than this are no longer seen at one look.
MOST_PANELS = 6


def read_figure(problems: Problems, node: Node | None, plant: PlantSpec | None) -> tuple[tuple[str, ...], ...]:
    """Read panels, each a tag or a list of tags; a tag's unit, feed or product must be in the plant."""
    panels = problems.sequence(node, "figure is a list of panels", _EXAMPLE) if node else []
    if node is not None and len(panels) > MOST_PANELS:
        problems.add(node, "too many panels", f"A figure has at most {MOST_PANELS} panels, not {len(panels)}.")
    found = []
    for panel in panels:
        tags = panel.items if panel.kind == "list" else [panel]
        names = [(tag, problems.string(tag, "not a tag")) for tag in tags]
        for tag, name in names:
            _check_owner(problems, tag, name, plant)
        found.append(tuple(name for _, name in names))
    return tuple(found)


def _check_owner(problems: Problems, tag: Node, name: str, plant: PlantSpec | None) -> None:
    if plant is None or not name:
        return
    owner, dot, _ = name.partition(".")
    owners = [part.name for group in (plant.units, plant.feeds, plant.products) for part in group]
    if not dot or owner not in owners:
        detail = f"A tag reads unit.quantity; the plant has no '{owner}'.{closest(owner, owners)}"
        problems.add(tag, "unknown tag", detail)
