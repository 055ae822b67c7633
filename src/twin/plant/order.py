"""In which order outlet ports are evaluated; finds algebraic loops and names them."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from twin.errors import TwinError
from twin.plant.codes import PORT

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec
    from twin.plant.nodes import Node


class AlgebraicLoop(TwinError):
    """A loop of outlets that passes no holdup.

    Attributes
    ----------
    ports : tuple of str
        The outlets "unit.port" around the loop, the first one again at its end.
    """

    exit_code = 2
    cure = (
        "Each of these outlets follows its inlets in the same instant, so the flow and composition around the loop "
        "have no value of their own. Put a unit with holdup and a level law into the loop, for instance a piping.tank."
    )

    def __init__(self, ports: Sequence[str]) -> None:
        self.ports = tuple(ports)
        super().__init__(f"algebraic loop: {self.path}\n{self.cure}")

    @property
    def path(self) -> str:
        return " -> ".join(self.ports)


def needs(node: Node, kernel: str) -> list[str]:
    """Inlets that a kernel depends on: all when it takes `u`, else those that it names."""
    arguments = node.model.arguments(kernel)
    return [name for name in node.model.inlets if "u" in arguments or name in arguments]


def port_calls(nodes: list[Node], by_name: dict[str, Node]) -> list[tuple[int, int]]:
    """Order all outlet kernels so that each follows those that its inlets come from.

    Raises
    ------
    AlgebraicLoop
        When a loop passes no holdup: the message names its ports and the cure.
    """
    graph: dict[tuple[str, str], list[tuple[str, str]]] = {}
    number = {node.name: k for k, node in enumerate(nodes)}
    for node in nodes:
        for port in node.model.outlets:
            before: dict[tuple[str, str], None] = {}  # in order, so that no hash seed shows
            for inlet in needs(node, port):
                source = node.sources.get(inlet)
                if source is not None and source[0] and source[1] in by_name[source[0]].model.outlets:
                    before[source] = None
            graph[(node.name, port)] = list(before)
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AlgebraicLoop([f"{node}.{port}" for node, port in reversed(error.args[1])]) from None
    return [(number[name], PORT + list(nodes[number[name]].model.outlets).index(port)) for name, port in order]


def check_order(spec: PlantSpec) -> None:
    """Refuse a plant with an algebraic loop, without compiling anything. Raises AlgebraicLoop."""
    from twin.plant.nodes import build_nodes

    nodes = build_nodes(spec)
    port_calls(nodes, {node.name: node for node in nodes})
