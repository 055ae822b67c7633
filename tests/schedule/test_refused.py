"""Wrong schedules are refused before anything runs, with file, line and caret; material and faults alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schedule.processes import HEAD, load
from twin.errors import ConfigError

RESOURCES = "resources: {operator: 2, skid: 1}\n"


def process(*steps: str, head: str = "") -> str:
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"{HEAD}{RESOURCES}{head}processes:\n  - name: job\n    at: 10 min\n    steps:\n{lines}"


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        load(folder, text)
    return str(error.value)


#: A step, the words under the caret, and words of the message.
STEPS = [
    ("{set: {feeder.setpiont: 5 g/s}}", "feeder.setpiont", "Did you mean 'setpoint'"),
    ("{ramp: {feeder.setpoint: 5 degC}, over: 1 min}", "5 degC", "degC"),
    ("{ramp: {feeder.setpoint: 5 g/s}}", "ramp", "needs over:"),
    ("{hold: {feeder.setpoint: 5 g/s}, for: 0 s}", "for", "for must be above zero"),
    ("{wait: -5 min}", "-5 min", "cannot be negative"),
    ("{wait: 3 h}", "wait", "the scenario ends at 7200 s"),
    ("{at: 5 min}", "at", "goes back in time"),
    ("{at: 3 h}, {wait: 1 s}", None, ""),
    ("{wait_until: feeder.lowlevel falls}", "feeder.lowlevel", "Did you mean 'low_level'"),
    ("{wait_until: feeder.low_level drops}", "feeder.low_level drops", "A condition reads"),
    ("{wait_until: feeder.F > 5 s}", "5 s", "feeder.F"),
    ("{wait_until: feeder.Q > 5 g/s}", "feeder.Q", "no measurement 'Q'"),
    ("{wait_until: feeder.low_level falls, otherwise: go on}", "otherwise", "timeout"),
    ("{with: [cleaner], steps: [{wait: 1 s}]}", "cleaner", "There is no resource 'cleaner'"),
    ("{with: {operator: 3}, steps: [{wait: 1 s}]}", "operator", "never more than 2"),
    ("{with: [skid], steps: [{with: [skid], steps: [{wait: 1 s}]}]}", "with", "wait for itself"),
    ("{with: [skid], steps: [{repeat: forever, steps: [{wait: 1 s}]}]}", "repeat", "never ends, and holds skid"),
    ("{with: [skid]}", "with", "needs steps:"),
    ("{repeat: forever, steps: [{set: {feeder.setpoint: 5 g/s}}]}", "repeat", "for ever at one instant"),
    ("{repeat: 0, steps: [{wait: 1 s}]}", "0", "whole number"),
    ("{repeat_until: feeder.low_level falls, steps: [{wait: 1 s}]}", "feeder.low_level falls", "Use on:"),
    ("{parallel: [[{wait: 1 s}]]}", "parallel", "Two branches at least"),
    (
        "{parallel: [[{set: {feeder.setpoint: 5 g/s}}], [{set: {feeder.setpoint: 6 g/s}}]]}",
        "[",
        "to another value",
    ),
    (
        "{procedure: a, unit: feeder, steps: [{procedure: b, unit: feeder, steps: [{wait: 1 s}]}]}",
        "procedure",
        "in another procedure of this process",
    ),
    ("{procedure: a, unit: feder, steps: [{wait: 1 s}]}", "feder", "Did you mean 'feeder'"),
    ("{run: wahs}", "wahs", "There is no recipe 'wahs'"),
    ("{wiat: 5 min}", "wiat", "No step begins with 'wiat'. Did you mean"),
    ("{phase: a, steps: [{wait: 1 s}], on: [{when: feeder.low_level falls, then: explode}]}", "then", "then is one of"),
    ("{phase: a, steps: [{wait: 1 s}], fault: {label: x, where: fedeer}}", "fedeer", "Did you mean 'feeder'"),
    ("{wait: 1 min, fault: {clears: x}}", "", "a fault has no 'clears'"),
]


@pytest.mark.parametrize(("step", "mark", "words"), [row for row in STEPS if row[1] is not None])
def test_a_wrong_step_is_shown_at_its_place(tmp_path: Path, step: str, mark: str, words: str) -> None:
    text = refused(tmp_path, process(step))
    first, source, caret = next(
        (a, b, c)
        for a, b, c in zip(*(text.splitlines()[i:] for i in range(3)), strict=False)
        if set(c) <= set(" |^") and "^" in c
    )
    line = source.split("|", 1)[1]
    place, length = caret.split("|", 1)[1].index("^"), caret.count("^")
    assert line[place : place + length].strip("'\"{ ").startswith(mark.strip("[") if mark != "[" else ""), text
    assert words in text
    assert "scenario.yaml:" in text
    assert first


def test_what_stands_after_an_endless_step_is_refused(tmp_path: Path) -> None:
    text = refused(tmp_path, process("{repeat: forever, steps: [{wait: 1 min}]}", "{wait: 1 min}"))
    assert "never happens" in text
    assert "What stands before this never ends" in text


def test_steps_that_begin_after_the_end_are_refused_once(tmp_path: Path) -> None:
    wait = "{repeat: 4, steps: [{wait: 30 min}]}"
    text = refused(tmp_path, process(wait, "{set: {feeder.setpoint: 5 g/s}}", "{set: {feeder.setpoint: 6 g/s}}"))
    assert text.count("never happens") == 1


def test_recipes_that_run_themselves(tmp_path: Path) -> None:
    text = refused(tmp_path, process("{run: a}", head="recipes:\n  a: [{run: b}]\n  b: [{wait: 1 s}, {run: a}]\n"))
    assert "would run itself without end" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: {operator: many}\n", "whole number of places"),
        ("resources: {operator: {capacity: 1, shifts: [{at: 6 h}]}}\n", "A shift reads"),
        ("processes: [{steps: [{wait: 1 s}]}]\n", "A process reads"),
        ("processes: [{name: a, at: 3 h, steps: [{wait: 1 s}]}]\n", "before this begins"),
        (
            "processes: [{name: a, at: 1 h, every: 1 min, until: 10 min, steps: [{wait: 1 s}]}]\n",
            "until lies before at",
        ),
        ("processes: [{name: a, when: feeder.F > 1 g/s, steps: [{wait: 1 s}]}]\n", "unit.guard falls"),
        ("processes: [{name: a, steps: [{wait: 1 s}]}, {name: a, steps: [{wait: 1 s}]}]\n", "another process 'a'"),
        ("lots: [{name: A, of: hoper}]\n", "Did you mean 'hopper'"),
        ("lots: [{name: A, of: hopper}, {name: B, of: hopper, from: 0 h}]\n", "already has a lot"),
        ("lots: [{name: A, of: feeder, from: 1 h}]\n", "Feeds change lots"),
        ("lots: [{of: hopper}]\n", "has no name:"),
        ("batches: [{name: A}]\n", "needs to:, every: or mass:"),
        ("batches: [{name: A, from: 1 h, to: 30 min}]\n", "end before it begins"),
        ("containers: [{name: drum, of: powder}]\n", "Containers need every: or mass:"),
        ("containers: [{name: drum, of: powder, mass: 3 s}]\n", "mass:"),
        ("containers: [{name: drum, of: powder, mass: 3 kg, every: 1 h}]\n", "not by both"),
        ("containers: [{name: drum, of: feeder, mass: 3 kg}]\n", "no product 'feeder'"),
        ("events: [{at: 1 h, set: {feeder.setpoint: 5 g/s}, fault: {lable: x}}]\n", "A fault reads"),
    ],
)
def test_wrong_sections_are_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(tmp_path, HEAD + text)
