"""Reads `start:` of a scenario: the initial state as given, or the steady state that the plant comes to from it."""

from __future__ import annotations

from twin.config.document import Node, Problems, closest

#: What a run may start from.
STARTS = ("initial", "steady")


def read_start(problems: Problems, node: Node | None) -> str:
    """Give one of `STARTS`."""
    if node is None or node.is_null:
        return STARTS[0]
    word = problems.string(node, "not a start")
    if word and word not in STARTS:
        detail = f"A run starts from its initial values or from the steady state.{closest(word, STARTS)}"
        problems.add(node, "unknown start", detail)
    return word
