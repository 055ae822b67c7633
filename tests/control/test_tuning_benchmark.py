"""What tuned loops of the flagship gain: the committed result of benchmarks/tuning.py."""

from __future__ import annotations

import json

from benchmarks.harness import RESULTS
from benchmarks.tuning import PAGE, TRIALS, written_into


def test_tuned_loops_are_below_simc_on_scenarios_not_used_for_tuning() -> None:
    """From the running plant, 15 % less ITAE in every scenario on every plant, and no Ms above the limit of 2."""
    rows = json.loads((RESULTS / "tuning.json").read_text(encoding="utf-8"))["rows"]
    running = [row["values"] for row in rows if row["name"].startswith("judged: ") and row["name"].endswith("running")]
    assert len(running) == 3
    for values in running:
        assert all(values[f"worst_percent_{kind}"] >= 15.0 for kind in TRIALS)
        assert values["worst_percent_robust"] > values["worst_percent_tuned"], "tuned for the worst case"
    for row in rows:
        if row["name"].startswith("loop: "):
            for kind in TRIALS:
                assert row["values"][kind]["stable"]
                assert row["values"][kind]["Ms"] <= 2.0 * 1.001
    page = PAGE.read_text(encoding="utf-8")
    assert page == written_into(page, rows), "run `python -m benchmarks.tuning`"
