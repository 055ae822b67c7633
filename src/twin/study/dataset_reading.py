"""Reads `dataset:` of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.config.document import Node, Problems
from twin.config.spec import ScenarioSpec
from twin.config.study_keys import DATASET
from twin.study.memory import Names
from twin.study.spec import DatasetSpec

_EXAMPLE = "{tags: [press.hardness]}"
SPLIT = {"train": 0.7, "validation": 0.15, "test": 0.15}
LICENCE = "CC-BY-4.0"


def read_dataset(problems: Problems, node: Node | None, scenarios: Sequence[ScenarioSpec]) -> DatasetSpec | None:
    """Read what a data set keeps; None where the study makes none. What is wrong joins `problems`."""
    if node is None or node.is_null:
        return None
    pairs = problems.mapping(node, "a data set is a mapping", _EXAMPLE)
    problems.known_keys(node, DATASET.names, "unknown key", "a data set")
    given = node.get("tags")
    if not pairs or given is None:
        problems.add(node, "no tags", f"A data set says which tags it keeps, as in {_EXAMPLE}.")
        return None
    recorded = [Names(scenario.plant) for scenario in scenarios]
    tags: list[str] = []
    for item in problems.sequence(given, "tags are a list", "[press.hardness]"):
        tag = problems.string(item, "not a tag")
        for names in recorded:
            try:
                names.find(tag)
            except KeyError as error:
                problems.add(item, "unknown tag", str(error.args[0]))
                break
        if tag in tags:
            problems.add(item, "tag given twice", f"'{tag}' is a column already.")
        tags.append(tag)
    if not tags:
        problems.add(given, "no tags", f"A data set says which tags it keeps, as in {_EXAMPLE}.")
    split = _split(problems, node.get("split"))
    licence = problems.text(node, "licence", LICENCE)
    return DatasetSpec(tuple(tags), split, licence, problems.text(node, "description", ""))


def _split(problems: Problems, node: Node | None) -> dict[str, float]:
    if node is None or node.is_null:
        return dict(SPLIT)
    shares: dict[str, float] = {}
    for name, value in problems.mapping(node, "split is a mapping", "{train: 0.8, test: 0.2}"):
        share = value.value
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0.0 < share <= 1.0:
            problems.add(value, "not a share", f"A share is a number above 0 and up to 1, but this is {value.what}.")
        else:
            shares[name.text] = float(share)
    if shares and not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9) and not problems.found:
        problems.add(node, "shares do not add up", f"The shares add up to {sum(shares.values()):g}, not to 1.")
    return shares
