"""Processes lived through without a plant, as far as nothing depends on it: what is wrong by then is certain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.integrate.outcome import Outcome
from twin.schedule.errors import ScheduleError
from twin.schedule.timetable import Action
from twin.schedule.world import World

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec


@dataclass(frozen=True)
class Rehearsal:
    """What processes do for certain.

    Attributes
    ----------
    actions : list of Action
        In order.
    known_until : float
        From here on it depends on the plant; infinite when it never does.
    """

    actions: list[Action]
    known_until: float


def rehearse(scenario: ScenarioSpec, end: float) -> Rehearsal:
    """Live through the processes up to where one of them asks the plant.

    Raises
    ------
    ScheduleError
        When they come to an end that no plant could prevent: a deadlock, a time limit, a contradiction.
    """
    world = World(scenario, end)
    actions: list[Action] = []
    while (time := world.next_time()) <= end:
        actions += world.live(time)
        while world.questions and world.ended is None:
            if any(isinstance(what, str) for what, _ in world.questions):
                return Rehearsal(actions, time)
            actions += world.answer([math.nan] * len(world.questions))
        if world.ended is not None:
            outcome, why = world.ended
            if outcome is Outcome.SCHEDULE_STOPPED:
                return Rehearsal(actions, math.inf)
            raise ScheduleError(f"{outcome.value} {why}")
        if world.watched():
            return Rehearsal(actions, time)
    return Rehearsal(actions, math.inf)
