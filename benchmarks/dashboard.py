"""How fast is the dashboard on a month of production recorded to one gigabyte?

    python -m benchmarks.dashboard [RUN] [--quick]

`campaign_30_days` recorded every 3.8 s: 680 000 rows of 800 numbers. The server is a process of its own, as
`twin view` is, and a Chromium looks at it:

- first paint: from opening the address to the drawn flowsheet with its units, in a fresh browser;
- first trends: from opening the address of the trends page to drawn curves, the file's numbers not read yet;
- zoom: from the change of the axis to the finished redraw with the points of that span, 60 random spans;
- memory: the server's greatest resident set after all of this, and after every page has been opened; hash and key
  figures of so large a file are computed in processes of their own, which go on while the zooms are measured.

Without RUN the file is made first (minutes, and 5 GB of room for it and its checkpoints).
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.harness import show, write
from dashboard.app import PAGES
from dashboard.screenshot import browsing, settle

SCENARIO, RECORD = "campaign_30_days", "3.8 s"
DAYS = 30.0
ZOOM = """
span => new Promise(done => {
    const figure = document.querySelector("#trend-graph .js-plotly-plot");
    const began = performance.now(), before = figure.data[0].x;
    const look = () => {
        if (figure.data[0].x !== before) {
            figure.removeListener("plotly_afterplot", look);
            requestAnimationFrame(() => done([performance.now() - began, figure._fullData[0].x.length]));
        }
    };
    figure.on("plotly_afterplot", look);
    window.Plotly.relayout(figure, {"xaxis.range[0]": span[0], "xaxis.range[1]": span[1]});
})
"""


def make(folder: Path) -> Path:
    """Run the campaign with a fine record; give the file."""
    from importlib.resources import files

    text = (files("scenarios") / f"{SCENARIO}.yaml").read_text(encoding="utf-8")
    fine = folder / f"{SCENARIO}.yaml"
    fine.write_text(text.replace("record: 30 min", f"record: {RECORD}"), encoding="utf-8")
    path = folder / f"{SCENARIO}.h5"
    subprocess.run([sys.executable, "-m", "twin", "run", str(fine), "--out", str(path), "--quiet"], check=True)
    return path


def peak(process: int) -> float:
    """Greatest resident set of a process [MB]; NaN where the system does not say."""
    status = Path(f"/proc/{process}/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024.0
    return float("nan")


def ordered(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and greatest."""
    found = sorted(seconds)
    return {"median_s": found[len(found) // 2], "p95_s": found[int(0.95 * (len(found) - 1))], "max_s": found[-1]}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="a few zooms, nothing stored")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = given.run or make(Path(name))
        rows = measure(path, 10 if given.quick else 60, 1 if given.quick else 5)
    show(rows)
    if not given.quick:
        notes = [
            "Wall seconds in the browser, server and browser on one machine that other work loads.",
            "A fresh browser each time; the server keeps what it has read (at most 256 MB of numbers).",
        ]
        write("dashboard", "First paint, zoom and memory of the dashboard on a run of 1 GB and 30 days", rows, notes)


def measure(path: Path, zooms: int, repeats: int) -> list[dict[str, Any]]:
    """All figures for one file."""
    from twin.results.reader import open_run

    command = [sys.executable, "-m", "twin", "view", str(path), "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        paints, trends = [], []
        for _ in range(repeats):
            with browsing() as page:
                began = time.perf_counter()
                page.goto(f"{address}?run={quote(path.name)}")
                page.wait_for_function(
                    "() => document.getElementById('flowsheet')?._cyreg?.cy.nodes().length > 0", polling="raf"
                )
                paints.append(time.perf_counter() - began)
        with browsing() as page:
            began = time.perf_counter()
            page.goto(f"{address}?run={quote(path.name)}&page=trends")
            page.wait_for_selector("#trend-graph .main-svg .scatterlayer .trace")
            trends.append(time.perf_counter() - began)
            page.wait_for_timeout(1500)
            draw = random.Random(1)
            seconds, points = [], []
            for _ in range(zooms):
                width = 24.0 * DAYS * 10.0 ** draw.uniform(-3.5, -0.2)
                start = draw.uniform(0.0, 24.0 * DAYS - width)
                wall, shown = page.evaluate(ZOOM, [start, start + width])
                seconds.append(wall / 1000.0)
                points.append(shown)
            after_zooms = peak(server.pid)
            for tab in PAGES:
                page.locator(f"#tabs-tab-{tab}").click()
                settle(page)
        run = open_run(path)
        return [
            {
                "name": "file",
                "values": {"bytes": path.stat().st_size, "rows": run.rows, "days": float(run.time[-1]) / 86400.0},
            },
            {"name": "first paint", "values": {"first_s": paints[0], **ordered(paints)}},
            {"name": "first trends, nothing read yet", "values": {"first_s": trends[0]}},
            {"name": "zoom", "values": {"count": zooms, **ordered(seconds), "most_points_a_curve": max(points)}},
            {
                "name": "server memory",
                "values": {"after_zooms_MB": after_zooms, "after_all_pages_MB": peak(server.pid)},
            },
        ]
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
