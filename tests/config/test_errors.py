"""What a user reads when something is wrong: the text itself is tested, with file, line, caret and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.config import ConfigError, Problem, check, load_plant, load_scenario

HERE = Path(__file__).parent
TANK = """\
twin: 1
fluids: [ethanol, water]
units:
  first:
    model: piping.tank
    params: {tau: 60 s, V_weir: 10 L}
    initial: {V: 10 L, T: 20 degC, w: {water: 1}}
feeds:
  spirit: {T: 25 degC, m_flow: {ethanol: 20 g/s}}
connections:
  - spirit -> first.feed
  - first.product -> blend
products: [blend]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, so that messages name files by their short paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems_of(text: str) -> list[Problem]:
    Path("plant.yaml").write_text(text, encoding="utf-8")
    return check("plant.yaml")


def test_the_plant_that_the_others_break_is_right(here: Path) -> None:
    assert problems_of(TANK) == []


def test_the_whole_message(here: Path) -> None:
    (problem,) = problems_of(TANK.replace("tau: 60 s", "tua: 60 s"))
    assert str(problem) == (
        "plant.yaml:6:14: unknown parameter\n"
        "    5 |     model: piping.tank\n"
        " >  6 |     params: {tua: 60 s, V_weir: 10 L}\n"
        "      |              ^^^\n"
        "first (piping.tank) has no parameter 'tua'. "
        "Did you mean 'tau' [s] \"time constant of the outflow over the weir\"?"
    )


CASES = {
    # what is written: (instead of, place and title, what the sentence says)
    "no quantity": ("V_weir: 10 L", "V_weir: ten", "6:33: not such a quantity", "write for example 2 L"),
    "wrong dimension": (
        "V_weir: 10 L",
        "V_weir: 10 kg",
        "6:33: not such a quantity",
        "expected a volume [m^3], but '10 kg' is a mass; an example is 2 L",
    ),
    "misleading unit": ("T: 20 degC", "T: 20 C", "7:27: not such a quantity", "write degC"),
    "out of range": (
        "V: 10 L",
        "V: -10 L",
        "7:18: out of range",
        "must be between 0 and 10000 m^3, not -10 L (-0.01 m^3)",
    ),
    "negative flow": ("20 g/s", "-20 g/s", "9:42: out of range", "must be at least 0 kg/s"),
    "a list for a number": ("tau: 60 s", "tau: [1, 2]", "6:19: not a value", "is one value, but this is a list"),
    "missing parameter": ("tau: 60 s, ", "", "6:13: missing parameter", "for example tau: 10 min"),
    "missing initial value": ("T: 20 degC, ", "", "7:14: missing initial value", "needs initial value 'T' [K]"),
    "missing feed value": ("T: 25 degC, ", "", "9:11: missing value", "feed spirit (Solution) needs value 'T' [K]"),
    "unknown element": ("{water: 1}", "{watre: 1}", "7:40: unknown component", "Did you mean 'water'?"),
    "fractions": ("{water: 1}", "{water: 0.9}", "7:39: fractions do not sum to 1", "must sum to 1, not 0.9"),
    "list of wrong length": (
        "{water: 1}",
        "[1, 2, 3]",
        "7:39: wrong length",
        "has 2 fluids, but this list has 3 items",
    ),
    "unknown component": (
        "[ethanol, water]",
        "[ethanol, water, watr]",
        "2:26: unknown component",
        "Did you mean 'water'?",
    ),
    "component twice": (
        "[ethanol, water]",
        "[ethanol, water, water]",
        "2:26: twice the same component",
        "already in fluids",
    ),
    "unknown model": ("piping.tank", "piping.tnk", "5:12: unknown model", "Did you mean 'piping.tank'?"),
    "no model": ("    model: piping.tank\n", "", "4:3: missing model", "for example model: piping.tank"),
    "a module that is no model": ("piping.tank", "os.path", "5:12: unknown model", "there is no model 'os.path'"),
    "unknown key": ("products:", "product:", "13:1: unknown key", "Did you mean 'products'?"),
    "misplaced parameter": (
        "    model: piping.tank\n    params: {tau: 60 s, ",
        "    model: piping.tank\n    tau: 60 s\n    params: {",
        "6:5: misplaced parameter",
        "write it under params:",
    ),
    "key twice": ("tau: 60 s", "tau: 60 s, tau: 50 s", "6:25: twice the same key", "already given on line 6"),
    "unknown unit": ("-> first.feed", "-> frist.feed", "11:15: unknown unit", "Did you mean 'first'?"),
    "unknown inlet": ("first.feed", "first.fed", "11:15: unknown inlet", "Did you mean 'feed' (Solution) \"feed\"?"),
    "unknown outlet": ("first.product", "first.produkt", "12:5: unknown outlet", "Did you mean 'product' (Solution)"),
    "missing connection": ("  - spirit -> first.feed\n", "", "4:3: missing connection", 'add "… -> first.feed"'),
    "unconnected feed": ("  - spirit -> first.feed\n", "", "9:3: unconnected feed", "Nothing takes the feed 'spirit'"),
    "unconnected outlet": ("  - first.product -> blend\n", "", "4:3: missing connection", "leads nowhere"),
    "no arrow": (
        "spirit -> first.feed",
        "spirit first.feed",
        "11:5: not a connection",
        'reads "unit.outlet -> unit.inlet"',
    ),
    "two into one": (
        "  - first.product",
        "  - first.product -> first.feed\n  - first.product",
        "12:22: connected twice",
        "already connected on line 11; use a mixer or a splitter",
    ),
    "tab": ("    params:", "\tparams:", "6:1: not YAML", "Indent with spaces, not with tabs."),
    "anchor": ("[ethanol, water]", "&a [ethanol, water]", "2:9: anchors are not read", "Write the value out"),
    "tag": (
        "tau: 60 s",
        "tau: !!python/object:os.system 60 s",
        "6:19: tags are not read",
        "remove what begins with '!'",
    ),
    "two documents": ("products:", "---\nproducts:", "13:1: more than one document", "a single YAML document"),
    "no version": ("twin: 1\n", "", "1:1: no format version", "twin: 1"),
    "other version": ("twin: 1", "twin: 2", "1:7: unknown format version", "reads twin: 1, not '2'"),
    "no units": ("units:\n", "controllers:\n", "1:1: no units", "A plant has at least one unit"),
    "bad name": ("  first:\n", "  First Tank:\n", "4:3: not a unit's name", "lower_snake names"),
    "name twice": ("products: [blend]", "products: [blend, first]", "13:19: name used twice", "already used on line 4"),
}


@pytest.mark.parametrize("name", CASES)
def test_place_title_and_cure(here: Path, name: str) -> None:
    old, new, place, says = CASES[name]
    assert old in TANK
    found = problems_of(TANK.replace(old, new, 1))
    texts = [str(problem) for problem in found]
    match = [text for text in texts if text.startswith(f"plant.yaml:{place}\n")]
    assert match, "\n\n".join(texts)
    assert any(says in text for text in match), match


def test_all_problems_of_a_file_together_in_the_order_of_its_lines(here: Path) -> None:
    text = TANK.replace("tau: 60 s", "tua: 60 s").replace("20 degC", "20 kg").replace("first.feed", "first.fed")
    text = text.replace("-> blend", "-> blend\ncolour: red").replace("water: 1", "water: 1, water: 2")
    found = problems_of(text)
    assert [(p.line, p.title) for p in found] == [
        (4, "missing connection"),
        (6, "unknown parameter"),
        (7, "not such a quantity"),
        (7, "twice the same key"),
        (11, "unknown inlet"),
        (13, "unknown key"),
    ]


MOVED = {
    # what a controller is to move on the plant of one tank: (title, what the sentence says)
    "spirit.m_flow": ("not a signal inlet", "Put a unit behind it whose flow is a signal, such as piping.pump"),
    "first.tau": ("unknown signal inlet", "'tau' is a parameter: events set it, signals do not move it."),
}


@pytest.mark.parametrize("path", MOVED)
def test_what_no_signal_moves_is_told_with_what_does(here: Path, path: str) -> None:
    title, says = MOVED[path]
    loop = f"controllers: {{TIC-1: {{model: pi, measurement: first.T, output: {path}, setpoint: 300 K}}}}\n"
    (problem,) = problems_of(TANK + loop)
    assert problem.title == title
    assert says in problem.detail


KPI = {
    # what `kpi:` says below the plant of one tank: (place and title, what the sentence says)
    "[blend]": ("14:6: kpi is a mapping", "Expected a mapping, such as {api: paracetamol"),
    "{api: ethanol}": ("14:6: missing product", "kpi needs product:"),
    "{product: blnd}": ("14:16: unknown product", "there is no product 'blnd'. Did you mean 'blend'?"),
    "{product: blend, apo: water}": ("14:23: unknown key", "Did you mean 'api'?"),
    "{product: blend, api: etanol}": ("14:28: unknown component", "no component 'etanol'. Did you mean 'ethanol'?"),
    "{product: blend, limiting: water}": ("14:23: missing api", "limiting means nothing without api"),
    "{product: blend, api: water, ratio: 1}": ("14:35: missing limiting", "ratio means nothing without limiting"),
    "{product: blend, api: water, limiting: ethanol, ratio: 0}": ("14:61: out of range", "at most 1000, not 0"),
    "{product: blend, api: water, limiting: ethanol, ratio: 1 g}": ("14:61: not such a quantity", "'1 g' is a mass"),
}


@pytest.mark.parametrize("said", KPI)
def test_what_is_made_must_be_there(here: Path, said: str) -> None:
    place, says = KPI[said]
    texts = [str(problem) for problem in problems_of(f"{TANK}kpi: {said}\n")]
    assert [text.partition("\n")[0] for text in texts] == [f"plant.yaml:{place}"]
    assert says in texts[0]


def test_a_yield_needs_molar_masses(here: Path) -> None:
    text = TANK.replace("[ethanol, water]", "[ethanol, water, api]")
    text += "components: {api: {rho_liquid: 1 g/mL, cp_liquid: 2 kJ/(kg K)}}\n"
    said = "kpi: {product: blend, api: api%s}\n"
    assert problems_of(text + said % "") == []
    (problem,) = problems_of(text + said % ", limiting: ethanol")
    assert problem.title == "missing component property"
    assert "give it under components: {api: {molar_mass: 100 g/mol}}" in problem.detail


def test_streams_and_signals_must_match() -> None:
    text = (HERE / "rich_plant.yaml").read_text(encoding="utf-8")
    cases = [
        (
            "crystallizer.product -> slurry",
            "crystallizer.product -> feeder.material",
            "gives Slurry, but feeder.material takes",
        ),
        ("output: reactor.T_jacket", "output: reactor.feed", "reactor (reaction.plug_flow) has no signal inlet 'feed'"),
        (
            "measurement: reactor.T_out",
            "measurement: reactor.T_oot",
            "Did you mean 'T_out' [K] \"outlet temperature\"?",
        ),
        ("setpoint: 65 degC", "setpoint: 65 kg", "expected a temperature [K], but '65 kg' is a mass"),
        (
            "setpoint: 65 degC",
            "setpoint: feeder.F",
            "feeder.F is a mass flow [kg/s], but TIC-101.setpoint takes a temp",
        ),
        ("low: 10 degC", "low: 90 degC", "TIC-101 (twin.control.pi): 'low' must lie below 'high'."),
        ("high: 90 degC", "high: 5 degC", "TIC-101 (twin.control.pi): 'low' must lie below 'high'."),
        ("      T_jacket: 10 degC\n", "", "needs parameter 'T_jacket' [K]"),
        ("UA: 150 W/K,", "UA: 150 W/K, T_jacket: 50 degC,", "'T_jacket' is driven by a signal"),
        ("limiter: koren", "limiter: kren", "Did you mean 'koren'?"),
        ("solvent: ethanol", "solvent: mcc", "is one of the fluids of the plant, not 'mcc'"),
        ("cells: 8", "cells: 0", "cells is a whole number from 1 to"),
        ("-> paracetamol + acetic_acid", "-> paracetamol", "balance"),
        ("grids:\n  bins:", "grids:\n  classes:", "give the plant grids: {bins:"),
        ("spacing: geometric", "spacing: geometrc", "Did you mean 'geometric'?"),
        ("cp_solid: 1.3", "cp_sold: 1.3", "component paracetamol has no property 'cp_sold'. Did you mean 'cp_solid'"),
        ("solids: [paracetamol, mcc]", "solids: [paracetamol, ethanol]", "needs 'cp_solid'"),
        ("nominal: {m: 2 g}", "nominal: {M: 2 g}", "Did you mean 'm'?"),
        ("model: pi,", "model: pdi,", "there is no controller 'pdi'. Known: lag, lead_lag, pi, pid, pid_scan,"),
    ]
    from twin.config.document import Problems
    from twin.config.plant import build_plant
    from twin.config.reading import read_text

    for old, new, says in cases:
        assert old in text, old
        with pytest.raises(ConfigError) as caught:
            build_plant(Problems(), read_text(text.replace(old, new, 1), "rich.yaml"), [], None, "rich")
        assert says in str(caught.value), (old, new, str(caught.value))


SCENARIO = """\
twin: 1
plant: plant.yaml
duration: 1 h
events:
  - {at: 10 min, set: {first.tau: 30 s}}
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("first.tau", "first.tua", "5:24: unknown path", "has no parameter 'tua'. Did you mean 'tau' [s]"),
        ("30 s}", "30 kg}", "5:35: not such a quantity", 'first.tau [s] "time constant of the outflow'),
        ("30 s}", "-1 s}", "5:35: out of range", "must be between 0.001 and"),
        ("at: 10 min", "at: 2 h", "5:6: never happens", "ends at 3600 s"),
        ("at: 10 min", "at: -1 s", "5:10: out of range", "cannot be negative"),
        ("at: 10 min, ", "", "5:6: not an event", "at: or when:"),
        (
            "set: {first.tau: 30 s}",
            "ramp: {first.tau: 30 s}",
            "5:6: not an event",
            "needs over:, for example over: 10 min",
        ),
        ("set: {first.tau: 30 s}", "ramp: {first.tau: 30 s}, over: 0 s", "5:43: out of range", "use set"),
        ("30 s}", "30 s}, over: 1 s", "5:42: unknown key", "A set has no 'over'"),
        ("30 s}", "30 s}, until: 1 h", "5:42: nothing to repeat", "give every: as well"),
        ("at: 10 min", "when: first.low falls", "5:12: unknown guard", "first (piping.tank) has no guard 'low'"),
        ("at: 10 min", "when: first.low", "5:12: not a condition", 'reads "unit.guard falls"'),
        ("at: 10 min", "when: first.V < 5 K", "5:22: not such a quantity", "first.V"),
        ("at: 10 min", "when: first.Q < 5 K", "5:12: unknown measurement", "no measurement 'Q'"),
        (
            "first.tau: 30 s",
            "first.rho: [1]",
            "5:35: wrong length",
            "name an element, for example first.rho.ethanol",
        ),
        ("first.tau: 30 s", "first.tau: [1 s]", "5:35: not a value", "takes one value"),
        ("first.tau: 30 s", "spirit.m_flow: [1 g/s, 1 W]", "5:47: not such a quantity", "spirit.m_flow.water"),
        ("duration: 1 h\n", "", "1:1: missing duration", "duration: 24 h"),
        ("duration: 1 h", "duration: 0", "3:11: out of range", "must be above 0"),
        ("plant: plant.yaml", "plant: two_tnks", "2:8: no such plant", "Did you mean 'two_tanks'?"),
        ("plant: plant.yaml\n", "", "1:1: missing plant", "a name in plant_configs"),
        ("events:", "solver: {method: euler}\nevents:", "4:18: unknown method", "Known: rodas, rodas4p,"),
        ("events:", "set: {first.tua: 1}\nevents:", "4:7: unknown path", "Did you mean 'tau' [s]"),
        ("events:", "initial: {first: {W: 1}}\nevents:", "4:19: unknown initial value", "Did you mean 'w'"),
        ("events:", "quality: [{tag: first.V}]\nevents:", "4:17: not a quality limit", "needs low:, high: or both"),
        (
            "events:",
            "quality: [{tag: first.X, low: 1}]\nevents:",
            "4:17: unknown measurement",
            "has no measurement 'X'",
        ),
    ],
)
def test_scenarios(here: Path, old: str, new: str, place: str, says: str) -> None:
    Path("plant.yaml").write_text(TANK, encoding="utf-8")
    Path("s.yaml").write_text(SCENARIO, encoding="utf-8")
    assert check("s.yaml") == []
    Path("s.yaml").write_text(SCENARIO.replace(old, new, 1), encoding="utf-8")
    texts = [str(problem) for problem in check("s.yaml")]
    match = [text for text in texts if text.startswith(f"s.yaml:{place}\n")]
    assert match, "\n\n".join(texts)
    assert says in match[0]


def test_a_broken_plant_is_reported_with_its_own_file_and_the_scenario_with_its(here: Path) -> None:
    Path("plant.yaml").write_text(TANK.replace("tau: 60 s", "tua: 60 s"), encoding="utf-8")
    Path("s.yaml").write_text(SCENARIO.replace("duration: 1 h", "duration: 1 kg"), encoding="utf-8")
    assert {(p.file, p.line) for p in check("s.yaml")} == {("plant.yaml", 6), ("s.yaml", 3)}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("first.tua=3", "--set:1:1: unknown path"),
        ("first.tau=3 kg", "--set:1:11: not such a quantity"),
        ("first.tau", "a setting reads path=value"),
        ("first.rho.watr=3", "Did you mean 'water'?"),
        ("nothing.tau=3", "There is no unit or feed 'nothing'"),
        ("first.initial.W=3", "--set"),
    ],
)
def test_settings(here: Path, setting: str, says: str) -> None:
    Path("plant.yaml").write_text(TANK, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plant("plant.yaml", [setting])
    assert says.lower() in str(caught.value).lower()
    assert caught.value.exit_code == 2


def test_parameters_that_contradict_each_other_are_shown_where_they_were_written() -> None:
    with pytest.raises(ConfigError) as caught:
        load_plant(HERE / "rich_plant.yaml", ["TIC-101.low=90 degC"])
    assert str(caught.value).startswith("--set:1:13: parameters contradict\n")
    with pytest.raises(ConfigError, match="filter .separation.belt_filter.: 'wash_start' must lie before 'wash_end'"):
        load_plant("paracetamol_tablets", ["filter.wash_end=0.4"])


def test_long_lines_and_many_problems_fit_a_screen(here: Path) -> None:
    long = TANK.replace("w: {water: 1}", "w: {water: 1}, " + ", ".join(f"x{i}: {i}" for i in range(60)))
    Path("plant.yaml").write_text(long, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plant("plant.yaml")
    assert len(caught.value.problems) == 60
    message = str(caught.value)
    assert message.endswith("… and 48 more problems.")
    assert max(len(line) for line in message.splitlines()) < 120
    # the caret still stands under the word
    excerpt = str(caught.value.problems[50]).splitlines()
    caret = excerpt[3]
    assert excerpt[2][caret.index("^") : caret.rindex("^") + 1] == "x50"


@pytest.mark.parametrize(
    ("text", "title"), [("", "empty file"), ("# only this\n", "empty file"), ("- a\n", "not a mapping")]
)
def test_files_with_nothing_to_read(here: Path, text: str, title: str) -> None:
    assert [problem.title for problem in problems_of(text)] == [title]


def test_a_file_that_is_not_there(here: Path) -> None:
    with pytest.raises(ConfigError, match="two_tnks: no such file\n.*Did you mean 'two_tanks'"):
        load_scenario("two_tnks")


def test_what_crosses_the_boundary_needs_its_heat_capacity(here: Path) -> None:
    """The tank is given all that it needs itself; the booking of feed and product needs cp_liquid as well."""
    text = TANK.replace("[ethanol, water]", "[ethanol, water, mcc]")
    found = problems_of(text.replace("V_weir: 10 L", "V_weir: 10 L, cp: [2400, 4200, 1200], rho: [790, 1000, 1500]"))
    assert [(p.line, p.title) for p in found] == [(9, "missing component property"), (13, "missing component property")]
    assert "give it under components: {mcc: {cp_liquid: 4.2 kJ/(kg K)}}" in found[0].detail
