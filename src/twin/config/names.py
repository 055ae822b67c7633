"""Names of units, controllers, feeds and products: their form, and that each is used once."""

from __future__ import annotations

import re

from twin.config.context import Context
from twin.config.document import Node

UNIT_NAME = re.compile(r"[a-z][a-z0-9_]*")
TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def claim(ctx: Context, key: Node, pattern: re.Pattern[str], taken: dict[str, Node], kind: str, allowed: str) -> bool:
    """Check a new name and note that it is taken."""
    if not pattern.fullmatch(key.text) or len(key.text) > 60:
        ctx.problems.add(key, f"not a {kind}'s name", f"'{key.text[:60]}' cannot name a {kind}; use {allowed}.")
        return False
    if key.text in taken:
        detail = f"'{key.text}' is already used on line {taken[key.text].line}: everything in a plant has its own name."
        ctx.problems.add(key, "name used twice", detail)
        return False
    taken[key.text] = key
    return True
