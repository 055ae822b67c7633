"""Resources, priorities and ties without a plant; random schedules against an independent checker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schedule.checker import double_bookings
from twin.config.process_spec import ProcessSpec, RecipeSpec, ResourceSpec, ShiftSpec, StepSpec
from twin.integrate.outcome import Outcome
from twin.schedule.errors import ScheduleError
from twin.schedule.rehearsal import rehearse
from twin.schedule.world import World

END = 1e4


def scenario(
    processes: list[ProcessSpec], resources: list[ResourceSpec], recipes: list[RecipeSpec] | None = None
) -> Any:
    return SimpleNamespace(
        processes=tuple(processes), resources=tuple(resources), recipes=tuple(recipes or ()), events=(), latches=()
    )


def lived(spec: Any, end: float = END) -> World:
    """Live through a schedule that asks the plant nothing but what holds find."""
    world = World(spec, end)
    while (time := world.next_time()) <= end and world.ended is None:
        world.live(time)
        while world.questions and world.ended is None:
            world.answer([0.0] * len(world.questions))
    world.records.close(end)
    return world


def wait(seconds: float) -> StepSpec:
    return StepSpec("wait", seconds=seconds)


def holding(amounts: dict[str, int], *steps: StepSpec, timeout: float | None = None) -> StepSpec:
    rows = tuple(amounts.items())
    return StepSpec("with", resources=rows, steps=steps, timeout=timeout, otherwise="go on")


def job(name: str, *steps: StepSpec, at: float = 0.0, priority: int = 5, every: float | None = None) -> ProcessSpec:
    return ProcessSpec(name, steps, at, every, priority=priority)


def granted(world: World) -> list[tuple[str, float]]:
    rows = [use for use in world.records.uses if use.granted == use.granted]
    return [(use.holder, use.granted) for use in sorted(rows, key=lambda use: use.granted)]


SKID = [ResourceSpec("skid", 1)]


def test_priority_decides_then_time_then_the_file() -> None:
    work = holding({"skid": 1}, wait(10.0))
    # all ask at one instant: in the order of the file the first would be served first
    world = lived(scenario([job("late", work, priority=7), job("first", work, priority=1), job("second", work)], SKID))
    assert granted(world) == [("first", 0.0), ("second", 10.0), ("late", 20.0)]
    # one that asks later comes later, unless it is more important
    early = [job("runs", work), job("b", work, at=2.0), job("a", work, at=3.0), job("urgent", work, at=4.0, priority=1)]
    assert granted(lived(scenario(early, SKID))) == [("runs", 0.0), ("urgent", 10.0), ("b", 20.0), ("a", 30.0)]


def test_ties_of_the_clock_go_by_the_file_not_by_who_slept_last() -> None:
    def setting(value: float) -> StepSpec:
        return StepSpec("set", changes=(("a.b", value),))

    # the first process wakes at 30 s for the third time, the second for the first: SimPy alone would wake that first
    first = job("first", StepSpec("repeat", times=3, steps=(wait(10.0), setting(1.0))))
    world = World(scenario([first, job("second", wait(30.0), setting(2.0))], []), END)
    actions = [action for _ in range(4) for action in world.live(world.next_time())]
    assert [(action.time, action.value) for action in actions][-2:] == [(30.0, 1.0), (30.0, 2.0)]


def test_what_fits_is_served_though_another_wants_more() -> None:
    two = [ResourceSpec("operator", 2)]
    rows = [
        job("one", holding({"operator": 1}, wait(30.0))),
        job("both", holding({"operator": 2}, wait(5.0)), at=1.0),
        job("small", holding({"operator": 1}, wait(5.0)), at=2.0),
    ]
    assert granted(lived(scenario(rows, two))) == [("one", 0.0), ("small", 2.0), ("both", 30.0)]


def test_shifts_let_fewer_begin_and_send_nobody_home() -> None:
    operators = [ResourceSpec("operator", 2, (ShiftSpec(100.0, 1, 200.0), ShiftSpec(200.0, 2, 200.0)))]
    work = holding({"operator": 1}, wait(60.0))
    rows = [job("a", work, at=70.0), job("b", work, at=80.0), job("c", work, at=110.0), job("d", work, at=120.0)]
    world = lived(scenario(rows, operators))
    # both go on after 100 s; the next begins when both have gone, the last when there are two again
    assert granted(world) == [("a", 70.0), ("b", 80.0), ("c", 140.0), ("d", 200.0)]
    assert double_bookings(world.records.uses, operators) == []


def test_the_checker_finds_double_bookings() -> None:
    """A checker that finds nothing in anything would pass every test."""
    world = lived(
        scenario([job("a", holding({"skid": 1}, wait(10.0))), job("b", holding({"skid": 1}, wait(5.0)))], SKID)
    )
    assert double_bookings(world.records.uses, SKID) == []
    world.records.uses[1].granted = 9.0
    assert "2 of 1 held at 9.0" in double_bookings(world.records.uses, SKID)[0]


def test_repeats_wait_for_the_one_before() -> None:
    world = lived(scenario([job("slow", wait(70.0), every=50.0)], []), end=300.0)
    assert [bar.start for bar in world.records.bars if bar.level == "recipe"] == [0.0, 70.0, 140.0, 210.0, 280.0]
    assert world.records.bars[-1].outcome == "unfinished"
    assert world.records.bars[-1].end == 300.0


def test_a_certain_deadlock_is_refused_before_the_run() -> None:
    one = job("one", holding({"skid": 1}, wait(5.0), holding({"operator": 1}, wait(1.0))))
    two = job("two", holding({"operator": 1}, wait(5.0), holding({"skid": 1}, wait(1.0))))
    spec = scenario([one, two], [*SKID, ResourceSpec("operator", 1)])
    with pytest.raises(ScheduleError, match="wait for each other.*one waits for operator; two waits for skid"):
        rehearse(spec, END)
    # with a time limit they get out of it
    out = job("one", holding({"skid": 1}, wait(5.0), holding({"operator": 1}, wait(1.0), timeout=10.0)))
    assert rehearse(scenario([out, two], spec.resources), END).known_until == float("inf")


def test_a_branch_that_waits_for_what_its_own_process_holds() -> None:
    both = StepSpec("parallel", steps=(wait(1.0), holding({"skid": 1}, wait(1.0))))
    world = lived(scenario([job("a", holding({"skid": 1}, wait(2.0), both))], SKID))
    assert world.ended is not None
    assert world.ended[0] is Outcome.DEADLOCK


def test_steps_without_time_do_not_run_for_ever() -> None:
    again = StepSpec("repeat", steps=(StepSpec("set", changes=(("a.b", 1.0),)), holding({"skid": 1})))
    world = lived(scenario([job("a", again)], SKID))
    assert world.ended is not None
    assert world.ended[0] is Outcome.SCHEDULE_STUCK


NAMES = ("skid", "operator", "bin")


def a_step(depth: int) -> st.SearchStrategy[StepSpec]:
    spans = st.sampled_from([0.0, 1.0, 5.0, 7.0, 30.0])
    leaf = spans.map(wait) | spans.map(lambda s: StepSpec("at", seconds=20.0 * s))
    if depth == 0:
        return leaf
    inner = st.lists(a_step(depth - 1), min_size=1, max_size=3).map(tuple)
    amounts = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 2), min_size=1, max_size=2)
    limits = st.none() | st.sampled_from([0.0, 5.0, 40.0])
    return (
        leaf
        | st.builds(lambda a, s, t: holding(a, *s, timeout=t), amounts, inner, limits)
        | st.builds(lambda s: StepSpec("parallel", steps=s), inner)
        | st.builds(lambda n, s: StepSpec("repeat", times=n, steps=s), st.integers(1, 3), inner)
        | st.builds(lambda s, u: StepSpec("procedure", "p", steps=s, unit=u), inner, st.sampled_from(["", "mill"]))
    )


JOBS = st.lists(
    st.tuples(
        st.lists(a_step(2), min_size=1, max_size=3),
        st.sampled_from([0.0, 5.0, 12.0]),
        st.integers(1, 3),
        st.none() | st.sampled_from([40.0, 55.0]),
    ),
    min_size=1,
    max_size=5,
)
RESOURCES = [
    ResourceSpec("skid", 2),
    ResourceSpec("operator", 2, (ShiftSpec(30.0, 2, 60.0), ShiftSpec(50.0, 1, 60.0))),
    ResourceSpec("bin", 3),
]


@settings(max_examples=60, deadline=None)
@given(JOBS)
def test_random_schedules_never_book_twice(rows: list[Any]) -> None:
    jobs = [
        ProcessSpec(f"job {i}", tuple(steps), at, every, None if every is None else 200.0, priority=priority)
        for i, (steps, at, priority, every) in enumerate(rows)
    ]
    spec = scenario(jobs, RESOURCES)
    world = lived(spec)
    uses, bars = world.records.uses, world.records.bars
    assert double_bookings(uses, RESOURCES) == []
    assert repr(lived(spec).records) == repr(world.records), "the same again"
    if world.ended is None:
        # every span is short against the end: all is done, and given back
        assert {use.outcome for use in uses} <= {"released", "gave up"}
        assert {bar.outcome for bar in bars} <= {"done"}
        assert world.pool.held == []
        assert set(world.pool.used.values()) <= {0}
    else:
        assert world.ended[0] is Outcome.DEADLOCK
        assert any(use.granted != use.granted for use in uses)
    for i, bar in enumerate(bars):
        assert bar.parent < i
        if bar.parent >= 0:
            assert bars[bar.parent].start <= bar.start <= bar.end <= bars[bar.parent].end


def test_a_branch_that_has_ended_is_in_nobodys_way() -> None:
    """Who waits for its other branch only comes to an end, so that what it holds is waited for: no deadlock."""
    both = StepSpec("parallel", steps=(wait(1.0), holding({"bin": 3}, wait(5.0))))
    jobs = [
        ProcessSpec("first", (holding({"bin": 3}, wait(20.0)),), 0.0),
        ProcessSpec("second", (holding({"skid": 2}, both),), 1.0),
        ProcessSpec("third", (holding({"skid": 2}, wait(1.0)),), 5.0),
    ]
    world = lived(scenario(jobs, RESOURCES))
    assert world.ended is None
    assert [use.granted for use in world.records.uses if use.resource == "skid"] == [1.0, 25.0]
