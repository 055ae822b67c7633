"""Monitors: run lengths of charts as published, limits of components, alarms, floods, judgement, the command."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from benchmarks.harness import RESULTS
from benchmarks.monitoring import PAGE, written_into
from tests.docs.test_documentation import follow
from twin.cli import main
from twin.config import load_scenario, resolved_yaml
from twin.config.monitor_spec import MonitorSpec
from twin.config.monitors import monitor_tree
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import same
from twin.control.monitoring import pca
from twin.control.monitoring.alarms import Alarm, raise_alarms
from twin.control.monitoring.charts import averaged, cusum, ewma, frozen, limits, spread, summed
from twin.control.monitoring.flood import load
from twin.control.monitoring.judge import judge
from twin.control.monitoring.pca import NoModel
from twin.control.monitoring.training import Trained, _learned, _of
from twin.errors import ConfigError

SCENARIO = """\
twin: 1
plant: two_tanks
duration: 20 min
record: 10 s
"""


def scenario(*monitors: str) -> str:
    return SCENARIO + "monitors:\n" + "".join(f"  - {line}\n" for line in monitors)


def built(*monitors: str):
    return build_scenario(read_text(scenario(*monitors), "s.yaml"), None, "s")


def alarm(raised: float, returned: float = math.nan, monitor: str = "A", tag: str = "first.T", **more) -> Alarm:
    return Alarm(monitor, "high", "high", raised, more.get("acknowledged", math.nan), returned, 1.0, 0.5, 1.0, tag, tag)


def test_monitors_read_back_to_the_same_bits_with_every_key() -> None:
    spec = built(
        "{name: a, tag: second.T, high: 30 degC, low: 10 degC, deadband: 1 K, delay: 30 s, priority: high}",
        "{name: b, kind: ewma, tag: first.T, weight: 0.1, width: 2.7, target: 20 degC, sigma: 0.5 K, from: 1 min}",
        "{name: c, kind: cusum, tag: first.T, slack: 0, threshold: 4, margin: 1.2, to: 19 min, period: 20 s}",
        "{name: d, kind: pca, tags: [first.T, second.T], lags: 2, explained: 0.95, confidence: 0.99}",
        "{name: e, kind: frozen, tag: first.T, delay: 2 min, while: 'first.V > 5 L', acknowledge: 1 min}",
    )
    assert spec.monitors[0].high == 303.15
    assert spec.monitors[0].deadband == 1.0
    assert spec.monitors[4].condition is not None
    assert spec.monitors[4].condition.limit == 0.005
    text = resolved_yaml(spec)
    again = build_scenario(read_text(text, "resolved"), None, "s")
    assert same(again, spec)
    assert resolved_yaml(again) == text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{tag: second.T}", "second.T needs low:, high: or both"),
        ("{tag: second.Q, high: 1}", "unknown measurement"),
        ("{tag: second.T, high: 30 degC, weight: 0.1}", "weight: belongs to ewma, not to limits"),
        ("{tag: second.T, high: 30 degC, deadband: 1 degC}", "deadband is a difference"),
        ("{tag: second.T, low: 40 degC, high: 30 degC}", "low lies above high"),
        ("{kind: pca, tags: [second.T]}", "two measurements at least"),
        ("{kind: pca, tags: [second.T, second.T]}", "stands there twice"),
        ("{kind: frozen, tag: second.T}", "Give delay:"),
        ("{kind: ewma, tag: second.T, weight: 1.5}", "weight lies above 0 and is at most 1"),
        ("{kind: trend, tag: second.T}", "There is no kind 'trend'"),
        ("{tag: second.T, high: 30 degC, priority: huge}", "There is no priority 'huge'"),
        ("{tag: second.T, high: 30 degC, limit: 3}", "a monitor has no 'limit'"),
    ],
)
def test_what_is_wrong_with_a_monitor_is_said(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        built(line)
    assert said in str(error.value)


def test_two_monitors_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="There is a monitor 'second.T' already"):
        built("{tag: second.T, high: 30 degC}", "{tag: second.T, low: 3 degC}")


def first_alarm(outside: np.ndarray) -> float:
    return float(np.argmax(outside)) + 1.0 if outside.any() else math.nan


def test_run_lengths_of_charts_are_the_published_ones() -> None:
    """Lucas & Saccucci, Technometrics 32 (1990) 1: weight 0.1, width 2.814 has a mean run length of 500, and 10.3 for
    a shift by one standard deviation (with the asymptotic limit; 10.3 is Table 3's). CUSUM with slack 0.5 and
    threshold 5: 465 and 10.4 (Montgomery, Introduction to Statistical Quality Control, 7th ed., Table 9.3)."""
    random = np.random.default_rng(11)
    runs = 150
    # the standard error of a mean of 150 run lengths is 8 % without a shift, 4 % with it: three of them are allowed
    for shift, of_ewma, of_cusum, allowed in ((0.0, 500.0, 465.0, 0.25), (1.0, 10.3, 10.4, 0.15)):
        count = 4000 if shift == 0.0 else 200
        lengths = []
        for _ in range(runs):
            x = random.standard_normal(count) + shift
            # the limit that the table is for does not grow in the beginning
            z = averaged(x, 0.0, 0.1)
            up, down = summed(x, 0.0, 1.0, 0.5)
            reach = 2.814 * math.sqrt(0.1 / 1.9)
            lengths.append((first_alarm(np.abs(z) > reach), first_alarm((up > 5.0) | (down > 5.0))))
        mean = np.nanmean(np.array(lengths), axis=0)
        np.testing.assert_allclose(mean, [of_ewma, of_cusum], rtol=allowed)


def test_spread_of_the_average_is_that_of_many_averages() -> None:
    random = np.random.default_rng(3)
    z = np.array([averaged(random.standard_normal(30), 0.0, 0.2) for _ in range(4000)])
    np.testing.assert_allclose(z.std(axis=0), spread(30, 0.2), rtol=0.05)  # 1.1 % standard error


def test_a_chart_has_two_sides_and_a_lost_value_is_outside() -> None:
    x = np.array([0.0, 0.0, 0.0, 9.0, 9.0, math.nan, -9.0, -9.0, -9.0, -9.0])
    high, low = ewma("a.b", np.arange(10.0), x, 0.0, 1.0, 0.5, 3.0)
    assert high.outside.tolist() == [False] * 3 + [True] * 3 + [False] * 4
    assert low.outside[5]
    assert low.outside[-1]
    assert not low.outside[:5].any()
    up, down = cusum("a.b", np.arange(10.0), x, 0.0, 1.0, 0.5, 5.0)
    assert up.outside[3]
    assert not up.outside[:3].any()
    assert down.outside[-1]


def normal_runs(seed: int, count: int, n: int = 400) -> list[np.ndarray]:
    """Six measurements of two factors with noise."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).standard_normal((2, 6))
    return [
        random.standard_normal((n, 2)) @ mixing * 3.0 + 0.5 * random.standard_normal((n, 6)) + 100.0
        for _ in range(count)
    ]


TAGS = tuple(f"u.x{k}" for k in range(6))


def test_components_are_those_of_the_correlations_and_all_of_them_give_mahalanobis_distance() -> None:
    runs = normal_runs(2, 3)
    x = np.concatenate(runs)
    z = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    model = pca.fit(TAGS, runs, 0.9, 0.99)
    values, vectors = np.linalg.eigh(np.corrcoef(x.T))
    kept = model.loadings.shape[1]
    assert kept == int(np.argmax(np.cumsum(values[::-1]) / 6.0 >= 0.9)) + 1
    np.testing.assert_allclose(model.variances, values[::-1][:kept], rtol=1e-10)
    np.testing.assert_allclose(np.abs(model.loadings), np.abs(vectors[:, ::-1][:, :kept]), atol=1e-9)
    whole = pca.fit(TAGS, runs, 1.0, 0.99)
    T2, SPE = whole.statistics(x)
    distance = np.einsum("ij,jk,ik->i", z, np.linalg.inv(np.cov(z.T)), z)
    np.testing.assert_allclose(T2, distance, rtol=1e-8)
    assert SPE.max() < 1e-20


def test_limits_hold_what_they_promise_on_runs_that_were_not_learned_from() -> None:
    model = pca.fit(TAGS, normal_runs(4, 5), 0.9, 0.99)
    T2, SPE = model.statistics(np.concatenate(normal_runs(5, 50)))
    # 20,000 looks at 1 %: 0.07 % standard error; the limits are made for normal looks, as these are, and that of the
    # squared error is an approximation
    assert np.mean(T2 > model.T2_limit) == pytest.approx(0.01, abs=0.003)
    assert np.mean(SPE > model.SPE_limit) == pytest.approx(0.01, abs=0.004)


def test_the_limit_of_few_clean_looks_allows_for_what_they_do_not_know() -> None:
    """Models of twelve looks, 600 times over: one in twenty of new looks is outside, and not one in ten."""
    random, outside = np.random.default_rng(12), 0
    for _ in range(600):
        model = pca.fit(TAGS[:3], [random.standard_normal((12, 3))], 1.0, 0.95)
        T2, _ = model.statistics(random.standard_normal((20, 3)))
        outside += int(np.sum(T2 > model.T2_limit))
    assert outside / 12000.0 == pytest.approx(0.05, abs=0.01)


def test_a_clean_run_with_a_lost_value_gives_a_limit_all_the_same() -> None:
    spec = MonitorSpec("m", "pca", TAGS[:3], margin=1.2, explained=0.9, confidence=0.99)
    values = np.random.default_rng(2).standard_normal((60, 3))
    lost = values.copy()
    lost[7, 1] = np.nan

    def run(x: np.ndarray) -> SimpleNamespace:
        told = {tag: x[:, k] for k, tag in enumerate(spec.tags)}
        return SimpleNamespace(time=np.arange(60.0), get=told.__getitem__)

    limits_ = [_learned(spec, [run(x)])[f"{kind}_limit"] for x in (values, lost) for kind in ("T2", "SPE")]  # type: ignore[list-item]
    assert np.isfinite(limits_).all()
    assert min(limits_) > 0.0


def test_a_model_is_refused_by_a_monitor_of_other_settings() -> None:
    spec = MonitorSpec("m", "pca", TAGS[:3], confidence=0.99)
    trained = Trained({"m": {"spec": json.loads(json.dumps(monitor_tree(spec)))}}, ())
    assert _of(replace(spec, delay=60.0), trained) == trained.monitors["m"]
    with pytest.raises(NoModel, match="trained with other settings"):
        _of(replace(spec, confidence=0.95), trained)
    with pytest.raises(NoModel, match="learns from clean runs"):
        _of(replace(spec, name="n"), trained)


def test_contributions_name_the_sensor_that_is_off_and_add_up() -> None:
    model = pca.fit(TAGS, normal_runs(6, 5), 0.9, 0.99)
    for place in range(6):
        look = normal_runs(7, 1, 400)[0][place].copy()
        look[place] += 5.0  # ten times its noise
        shares = model.shares(look, "SPE")
        assert shares[0][0] == TAGS[place]
        assert sum(share for _, share in shares) == pytest.approx(1.0)
        assert all(share >= 0.0 for _, share in model.shares(look, "T2"))


def test_components_with_lags_see_a_change_of_dynamics() -> None:
    """A measurement that follows itself by 0.9 and then by -0.9, of the same spread: only earlier looks tell."""
    random = np.random.default_rng(8)

    def followed(a: float) -> np.ndarray:
        x = np.zeros((600, 2))
        for k in range(1, 600):
            x[k] = a * x[k - 1] + math.sqrt(1.0 - a * a) * random.standard_normal(2)
        return x

    clean, other = [followed(0.9) for _ in range(3)], followed(-0.9)
    told = []
    for lags in (0, 1):
        model = pca.fit(("u.a", "u.b"), clean, 0.8 if lags else 1.0, 0.99, lags)
        T2, SPE = model.statistics(pca.lagged(other, lags))
        told.append(float(np.mean((T2 > model.T2_limit) | ((SPE > model.SPE_limit) & (model.SPE_limit > 0.0)))))
    assert told[0] < 0.1
    assert told[1] > 0.5


def test_a_model_survives_json_and_a_tag_that_stood_still_counts_when_it_moves() -> None:
    runs = [np.column_stack([run, np.full(len(run), 7.0)]) for run in normal_runs(9, 3)]
    model = pca.fit((*TAGS, "u.still"), runs, 0.9, 0.99)
    again = pca.read(json.loads(pca.dumps(model.plain())))
    assert again.still == ("u.still",)
    look = runs[0][:1].copy()
    np.testing.assert_array_equal(again.statistics(look), model.statistics(look))
    look[0, 6] = 7.1
    assert again.statistics(look)[1][0] > again.SPE_limit
    assert again.shares(look[0], "SPE")[0][0] == "u.still"
    with pytest.raises(NoModel, match="too few"):
        pca.fit(TAGS, [runs[0][:5, :6]], 0.9, 0.99)


def test_delay_and_deadband_decide_when_an_alarm_comes_and_goes() -> None:
    time = np.arange(0.0, 100.0, 10.0)
    x = np.array([0.0, 5.0, 0.0, 5.0, 5.0, 5.0, 3.9, 3.9, 2.9, 0.0])
    spec = MonitorSpec("A", "limits", ("a.b",), high=4.0, deadband=1.0, delay=20.0, response=15.0)
    (found,) = raise_alarms(spec, limits("a.b", time, x, None, 4.0, 1.0), None, 90.0)
    assert (found.raised, found.returned, found.acknowledged) == (50.0, 80.0, 65.0)
    assert (found.kind, found.tag, found.peak, found.state) == ("high", "a.b", 5.0, "normal")
    (at_once, _) = raise_alarms(
        MonitorSpec("A", "limits", ("a.b",), high=4.0), limits("a.b", time, x, None, 4.0), None, 90.0
    )
    assert (at_once.raised, at_once.returned, at_once.state) == (10.0, 20.0, "returned, unacknowledged")
    spec = MonitorSpec("A", "frozen", ("a.b",), delay=20.0)
    still = np.array([1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 4.0, 5.0, 6.0, 6.0])
    (stuck,) = raise_alarms(spec, frozen("a.b", time, still), None, 90.0)
    assert (stuck.raised, stuck.returned) == (40.0, 60.0)


def test_states_of_alarms_are_those_of_the_standard() -> None:
    assert alarm(1.0).state == "standing, unacknowledged"
    assert alarm(1.0, acknowledged=2.0).state == "standing, acknowledged"
    assert alarm(1.0, 3.0).state == "returned, unacknowledged"
    assert alarm(1.0, 3.0, acknowledged=2.0).state == "normal"


def test_a_flood_is_counted_by_its_beginning_and_its_end() -> None:
    """Twelve alarms in the second interval, six in the third, one in the fifth: one flood of 20 minutes."""
    rows = [alarm(600.0 + k, 700.0, monitor=f"M{k}") for k in range(12)]
    rows += [alarm(1200.0 + 10.0 * k, 1205.0 + 10.0 * k, monitor="busy") for k in range(6)]
    rows += [alarm(2500.0, monitor="last")]
    found = load(rows, 0.0, 3600.0)
    assert (found.alarms, found.peak_10_min, found.floods, found.flood_minutes) == (19, 12, 1, 20.0)
    assert found.per_10_min == pytest.approx(19.0 / 6.0)
    assert (found.standing_peak, found.standing_end, found.unacknowledged_end) == (12, 1, 19)
    assert found.chattering == ("busy high",)
    assert found.fleeting == 6
    area = sum(100.0 - k for k in range(12)) + 6 * 5.0 + 1100.0
    assert found.standing_mean == pytest.approx(area / 3600.0)
    assert found.most[0] == ("busy", pytest.approx(6.0 / 19.0))


def test_alarms_are_held_against_the_truth() -> None:
    faults = [
        {"label": "bias", "where": "first", "start": 1000.0, "end": 2000.0},
        {"label": "leak", "where": "second.wall", "start": 5000.0, "end": 6000.0},
        {"label": "late", "where": "", "start": 8000.0, "end": 8100.0},
    ]
    rows = [alarm(500.0, 600.0), alarm(1300.0, 1400.0), alarm(8200.0), alarm(7300.0, 7400.0)]
    found = judge(faults, rows, 0.0, 10000.0, grace=200.0)
    assert [one.delay for one in found.detections][::2] == [300.0, 200.0]
    assert found.detections[1].missed
    assert [one.located for one in found.detections] == [True, False, False]
    assert found.missed == 1
    assert found.median_delay == 250.0
    assert found.false_alarms == 2
    assert found.clean_hours == pytest.approx((10000.0 - 1200.0 - 1200.0 - 300.0) / 3600.0)
    assert found.false_hours == pytest.approx(200.0 / 3600.0)
    assert judge(faults, rows, 0.0, 10000.0).detections[2].missed, "without grace the alarm comes too late"
    seen = judge(faults, [alarm(5100.0, tag="TT-1.output")], 0.0, 1e4, about={"TT-1": "second"})
    assert seen.detections[1].located


def test_the_command_from_clean_runs_to_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def typed(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        return code, *capsys.readouterr()

    feed = "events:\n" + "".join(
        f"  - {{at: {k} min, set: {{spirit.T: {25.0 + 0.4 * math.sin(1.7 * k):.3f} degC}}}}\n" for k in range(1, 20)
    )
    (tmp_path / "clean.yaml").write_text(SCENARIO + feed, encoding="utf-8")
    fault = "  - {at: 12.5 min, hold: {spirit.T: 32 degC}, for: 3 min, fault: {label: warm, where: first}}\n"
    quiet = feed.replace("  - {at: 13 min", "#").replace("  - {at: 14 min", "#").replace("  - {at: 15 min", "#")
    (tmp_path / "faulty.yaml").write_text(
        SCENARIO
        + quiet
        + fault
        + "monitors:\n"
        + "  - {name: PCA, kind: pca, tags: [first.T, second.T], from: 6 min, confidence: 0.9999, margin: 1.1}\n"
        + "  - {name: EWMA, kind: ewma, tag: first.T, from: 6 min, margin: 1.1, period: 20 s}\n",
        encoding="utf-8",
    )
    for name in ("clean", "faulty"):
        assert typed("run", f"{name}.yaml", "--out", f"{name}.h5", "--quiet")[0] == 0
    code, _, said = typed("monitor", "faulty.h5")
    assert code == 2
    assert "learns from clean runs" in said
    options = ("--train", "clean.h5", "--save", "learned.json", "--grace", "5 min", "--acknowledge", "30 s", "--json")
    code, out, said = typed("monitor", "faulty.h5", *options)
    assert code == 0, said
    told = json.loads(out)
    (run,) = told["runs"]
    assert [(row["label"], row["where"]) for row in run["faults"]] == [("warm", "first")]
    assert 0.0 < run["faults"][0]["delay"] < 120.0
    assert told["together"]["false_alarms"] == 0
    assert set(told["each"]) == {"PCA", "EWMA"}
    learned = json.loads((tmp_path / "learned.json").read_text(encoding="utf-8"))
    assert learned["runs"][0]["file"] == "clean.h5"
    with h5py.File(tmp_path / "faulty.monitor.h5") as file:
        assert file.attrs["content_hash"].startswith("sha256:")
        assert file["/alarms/state"].asstr()[0] in ("normal", "standing, acknowledged")
        assert file["/detections/delay"][0] == run["faults"][0]["delay"]
        assert {group.attrs["kind"] for group in file["/statistics"].values()} >= {"T2", "SPE", "EWMA high"}
    for words, said in (
        (("clean.h5", "--with", "faulty.yaml", "--model", "learned.json"), "were trained on"),
        (("faulty.h5", "--train", "faulty.h5"), "faults by its own labels"),
        (("faulty.h5", "--model", "learned.json", "--out", "faulty.monitor.h5"), "exist"),
    ):
        code, _, refused = typed("monitor", *words)
        assert code != 0
        assert said in refused
    (tmp_path / "faulty.monitor.h5").unlink()
    code, out, _ = typed("monitor", "faulty.h5", "--model", "learned.json")
    assert code == 0
    assert "fault 'warm' at first" in out
    spec = load_scenario(tmp_path / "faulty.yaml").monitors[0]
    assert learned["monitors"]["PCA"]["spec"] == json.loads(json.dumps(monitor_tree(spec)))


def test_the_table_of_the_page_is_that_of_the_committed_result() -> None:
    rows = json.loads((RESULTS / "monitoring.json").read_text(encoding="utf-8"))["rows"]
    page = PAGE.read_text(encoding="utf-8")
    assert page == written_into(page, rows), "run `python -m benchmarks.monitoring`"
    together = [row["values"] for row in rows if row["name"].endswith(": together")]
    assert sum(one["faults"] for one in together) == 20
    assert sum(one["clean_runs"] for one in together) == 20
    seeds = [row["values"] for row in rows if row["name"].startswith("seeds")]
    for one in seeds:
        assert not set(one["training"]) & (set(one["clean"]) | set(one["faulty"]))


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    assert follow("monitoring.md", tmp_path) == 3
