"""The keys of a scenario's processes: resources, steps, what a block does when a condition comes true."""

from __future__ import annotations

from twin.config.keys import Key, Section, listed, text, time, whole
from twin.config.process_spec import LEVELS, PRIORITY
from twin.config.scenario_keys import EVENT, FAULT_KEY

_STEPS = listed("what it does, one after another", "step", default="required", example="[{wait: 10 min}]")
#: What becomes of a block when one of its conditions has come true.
THEN = ("leave", "restart", "continue")
_PRIORITY = whole("rank where processes ask for the same resource, 1 first", str(PRIORITY), "2")

RESOURCE = Section(
    "Resource",
    "A plain number is its capacity.",
    {
        "capacity": whole("how many there are at the start", "required", "2"),
        "shifts": listed("changes of the capacity", "shift", example="[{at: 22 h, every: 24 h, capacity: 1}]"),
    },
)

SHIFT = Section(
    "Shift",
    "From a time on there are so many of a resource.",
    {
        "at": time("from when", "required", "22 h"),
        "every": time("repeats it", "once", "24 h"),
        "capacity": whole("how many", "required", "1"),
    },
)

PROCESS = Section(
    "Process",
    "Steps that start at a time, or whenever a guard is crossed.",
    {
        "name": text("what it is", "", "cleaning"),
        "at": time("when it starts", "0 s", "8 h"),
        "every": time("starts it again", "once", "24 h"),
        "until": time("ends the repetition", "the end", "5 d"),
        "when": Key("guard", "starts it whenever a guard is crossed", "", "", "feeder.low_level falls"),
        "priority": _PRIORITY,
        "steps": _STEPS,
        "fault": FAULT_KEY,
    },
)

_LOOK = time("looks at a tag so often, in place of locating its crossing", "the crossing is located", "20 s")

HANDLER = Section(
    "Handler",
    "What a block of a recipe does when a condition comes true (`on:`).",
    {
        "when": Key("condition", "the condition", "", "required", "press.tablet_mass > 320 mg"),
        "every": _LOOK,
        "steps": listed("what is done then", "step", example="[{wait: 1 min}]"),
        "then": Key("choice", "what becomes of the block", "", THEN[0], "restart", choices=THEN),
    },
)

_BLOCK = {
    "unit": text("unit that it has for itself meanwhile", "none", "reactor"),
    "with": Key("any", "resources that it holds meanwhile: names, or how many by name", "", "none", "[operator]"),
    "steps": _STEPS,
    "on": listed(
        "handlers of conditions", "handler", example="[{when: feeder.low_level falls, steps: [{wait: 1 min}]}]"
    ),
    "fault": FAULT_KEY,
    "priority": _PRIORITY,
}
_TIMEOUT = {
    "timeout": time("gives up after this", "never", "1 h"),
    "otherwise": Key("any", "after the timeout: stop, go on, or a list of steps", "", "stop", "go on"),
}

#: Each kind of step by its first key: what that key takes, and which others stand beside it (and `name`).
STEPS: dict[str, tuple[Key, dict[str, Key]]] = {
    **{level: (text(f"a {level} of a recipe (ISA-88), by its name", "", "start-up"), _BLOCK) for level in LEVELS},
    "set": (EVENT.keys["set"], {}),
    "ramp": (EVENT.keys["ramp"], {"over": EVENT.keys["over"]}),
    "hold": (EVENT.keys["hold"], {"for": EVENT.keys["for"], "fault": FAULT_KEY}),
    "fire": (EVENT.keys["fire"], {"value": EVENT.keys["value"]}),
    "wait": (time("waits for so long"), {"fault": FAULT_KEY}),
    "at": (time("waits until a time of the plant's clock", "", "6 h"), {}),
    "wait_until": (
        Key("condition", "waits for a guard or a tag", "", "", "press.tablet_mass > 295 mg"),
        {"every": _LOOK, **_TIMEOUT},
    ),
    "with": (
        Key("any", "holds resources: names, or how many by name", "", "", "[operator]"),
        {"steps": _STEPS, "priority": _PRIORITY, **_TIMEOUT},
    ),
    "parallel": (
        Key(
            "list",
            "branches that go on side by side: steps, or lists of them",
            "",
            "",
            "[[{wait: 10 min}], [{wait: 20 min}]]",
            of=("step", "steps"),
        ),
        {},
    ),
    "repeat": (Key("any", "repeats its steps so often, or forever", "", "", "3"), {"steps": _STEPS}),
    "repeat_until": (
        Key("condition", "repeats its steps until a condition holds", "", "", "reactor.T_out > 60 degC"),
        {"steps": _STEPS, "at_most": whole("turns at most", "no end", "100")},
    ),
    "run": (text("runs a recipe", "", "rinse"), {}),
    "stop": (text("ends the scenario, and says why", "", "out of material"), {}),
}

SECTIONS = {
    "resource": RESOURCE,
    "shift": SHIFT,
    "process": PROCESS,
    "handler": HANDLER,
}
