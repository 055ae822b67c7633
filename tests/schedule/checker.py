"""An independent look at a resource log: by sums over its instants, not by the engine's own counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def double_bookings(uses: Sequence[Any], resources: Sequence[Any]) -> list[str]:
    """Give what cannot be: more held than there ever is, or granted beyond what was there at that instant.

    A shift that ends takes nothing away from who holds it; it only lets nobody else begin.
    """
    found = []
    names = {resource.name: resource for resource in resources}
    for name in sorted({use.resource for use in uses}):
        mine = [use for use in uses if use.resource == name and use.granted == use.granted]
        resource = names.get(name)
        most = 1 if resource is None else max(resource.capacity, *(s.capacity for s in resource.shifts), 0)
        mine = [use for use in mine if use.released != use.granted]  # what takes no time is in nobody's way
        for use in mine:
            if not use.requested <= use.granted <= use.released:
                found.append(f"{name}: {use} goes back in time")
            # what is given back at an instant can be granted at that instant
            others = sum(o.amount for o in mine if o is not use and o.granted <= use.granted < o.released)
            together = others + use.amount
            if together > most:
                found.append(f"{name}: {together} of {most} held at {use.granted}")
            there = 1 if resource is None else capacity_at(resource, use.granted)
            earlier = [o for o in mine if o.granted < use.granted < o.released]
            same = [o for o in mine if o.granted == use.granted and o.released > use.granted]
            held = sum(o.amount for o in earlier) + sum(o.amount for o in same)
            if held > there and use in same:
                found.append(f"{name}: {held} of {there} of that shift held at {use.granted}")
    return found


def capacity_at(resource: Any, time: float) -> int:
    """Capacity at a time, a shift counting from its first instant on; of two at one instant the later written."""
    last, capacity = -1.0, resource.capacity
    for shift in resource.shifts:
        if shift.at > time:
            continue
        begun = shift.at if shift.every is None else shift.at + shift.every * ((time - shift.at) // shift.every)
        if begun >= last:
            last, capacity = begun, shift.capacity
    return int(capacity)
