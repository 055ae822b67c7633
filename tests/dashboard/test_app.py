"""The server without a browser: who may ask, what it answers, and that it leaves files alone."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dash import Dash, dcc
from dash.development.base_component import Component

from dashboard.app import PAGES, create_app, make_server, serve
from dashboard.guard import LOOPBACK
from dashboard.pages import View, runs, unit
from dashboard.runs import Catalog
from tests.dashboard.example import write_example
from twin.errors import TwinError

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_example(tmp_path / "run.h5", hours=1.0)


@pytest.fixture
def client(run: Path) -> Any:
    return create_app(Catalog(run)).server.test_client()


def ask(client: Any, output: str, inputs: list[tuple[str, str, Any]], state: list[tuple[str, str, Any]] = ()) -> Any:
    """Call back as the page does."""
    ids = output.strip(".").split("...")
    outputs = [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in ids]
    listed = [{"id": i, "property": p, "value": v} for i, p, v in inputs]
    body = {
        "output": output, "outputs": outputs if len(outputs) > 1 else outputs[0], "inputs": listed,
        "changedPropIds": [f"{inputs[0][0]}.{inputs[0][1]}"],
        "state": [{"id": i, "property": p, "value": v} for i, p, v in state],
    }  # fmt: skip
    return client.post("/_dash-update-component", json=body)


def open_page(client: Any, search: str) -> Any:
    outputs = "..run.data...header.children...page.children...pulse.disabled...chosen-tags.data.."
    answer = ask(client, outputs, [("address", "search", search)])
    assert answer.status_code == 200
    return answer.get_json()["response"]


def components(node: Any) -> Iterator[Component]:
    if isinstance(node, Component):
        yield node
        for value in (getattr(node, name, None) for name in node._prop_names):
            yield from components(value)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from components(item)


def test_every_graph_has_sharing_switched_off(run: Path) -> None:
    view = View(Catalog(run), run.name)
    made = [page.layout(view) for _, page in PAGES.values()] + [unit.details(view.data, "crystallizer")]
    graphs = [node for page in made for node in components(page) if isinstance(node, dcc.Graph)]
    assert len(graphs) >= 4
    for graph in graphs:
        assert graph.config["showSendToCloud"] is False
        assert graph.config["plotlyServerURL"] == ""
        assert graph.config["displaylogo"] is False


def test_graphs_are_made_in_one_place_only(root: Path) -> None:
    makers = [
        path.name for path in (root / "dashboard").rglob("*.py") if "dcc.Graph(" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["widgets.py"]


def test_page_shows_the_run_that_its_address_names(client: Any) -> None:
    shown = open_page(client, "?run=run.h5")
    assert shown["run"]["data"] == "run.h5"
    assert "R-101" in json.dumps(shown["page"])
    assert "finished" in json.dumps(shown["header"])


@pytest.mark.parametrize("search", ["?run=../secret.h5", "?run=%2Fetc%2Fpasswd", "?run=%00", "?run=nothing.h5"])
def test_an_address_that_names_no_run_here_is_answered_in_words(client: Any, search: str) -> None:
    shown = open_page(client, search)
    assert shown["run"]["data"] is None
    assert "no run of that name" in json.dumps(shown["page"])


def test_callbacks_take_nothing_but_names_of_runs(client: Any) -> None:
    inputs = [
        ("trend-tags", "value", ["press.hardness"]),
        ("trend-runs", "value", ["../other.h5"]),
        ("trend-events", "checked", True),
        ("trend-cursors", "data", [600.0]),
        ("theme", "data", "light"),
        ("revision", "data", 0),
        ("trend-data", "value", None),
    ]
    output = "..trend-graph.figure...trend-graph.style.."
    zoom = ("trend-graph", "relayoutData", {"xaxis.range[0]": 0.1, "xaxis.range[1]": 0.2})
    good = ask(client, output, inputs, [zoom, ("run", "data", "run.h5")])
    assert good.status_code == 200
    assert [trace["name"] for trace in good.get_json()["response"]["trend-graph"]["figure"]["data"]][:1] == [
        "press.hardness"
    ]
    bad = ask(client, output, inputs, [zoom, ("run", "data", "../run.h5")])
    assert "no run of that name" in bad.get_data(as_text=True)
    assert "figure" not in bad.get_data(as_text=True)


def test_other_hosts_names_are_refused_and_the_page_may_reach_nothing_else(client: Any) -> None:
    assert client.get("/", headers={"Host": "evil.example:8050"}).status_code == 403
    for host in ("127.0.0.1:8050", "localhost:8050", "[::1]:8050", "[::1]", "localhost"):
        assert client.get("/", headers={"Host": host}).status_code == 200
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_page_itself_names_no_other_host(client: Any) -> None:
    text = client.get("/").get_data(as_text=True)
    assert "http://" not in text
    assert "https://" not in text
    assert "//cdn" not in text


def test_damaged_foreign_and_unfinished_files_get_a_clear_message(tmp_path: Path) -> None:
    import h5py

    good = write_example(tmp_path / "good.h5", hours=1.0)
    (tmp_path / "cut.h5").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (tmp_path / "text.h5").write_text("not HDF5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = [1.0]
    client = create_app(Catalog(tmp_path)).server.test_client()
    for name, words in (("cut.h5", "cut short"), ("text.h5", "not an HDF5 file"), ("foreign.h5", "not a run of twin")):
        shown = open_page(client, f"?run={name}")
        assert words in json.dumps(shown["page"])
    assert open_page(client, "?run=good.h5")["run"]["data"] == "good.h5"


def test_a_crashed_run_can_be_looked_at(tmp_path: Path) -> None:
    partial = write_example(tmp_path / "run.h5", hours=1.0, outcome="")
    kept = partial.rename(tmp_path / "crashed.h5")
    shown = open_page(create_app(Catalog(kept)).server.test_client(), "")
    assert "running" in json.dumps(shown["header"])
    assert "cannot be shown" not in json.dumps(shown["page"])


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    run = write_example(tmp_path / "run.h5", hours=1.0, extra=HOSTILE)
    client = create_app(Catalog(run)).server.test_client()
    shown = json.dumps([open_page(client, f"?page={page}") for page in PAGES])
    assert "alert(1)" in shown
    for dangerous in ("dangerously", "innerHTML", '"Markdown"', "dangerouslySetInnerHTML"):
        assert dangerous not in shown


def test_files_are_unchanged_and_closed(client: Any, run: Path, tmp_path: Path) -> None:
    before = hashlib.sha256(run.read_bytes()).hexdigest(), run.stat().st_mtime_ns
    open_page(client, "")
    ask(
        client,
        "..hash-check.children...hash-check.color...hash-tip.label..",
        [("run", "data", "run.h5"), ("outcome-place", "children", None), ("hash-late", "n_intervals", 0)],
    )
    assert (hashlib.sha256(run.read_bytes()).hexdigest(), run.stat().st_mtime_ns) == before
    from twin.results.content import verify

    assert verify(run).ok
    run.rename(tmp_path / "moved.h5")  # which Windows refuses for a file that someone holds


def test_serve_refuses_missing_files_and_taken_ports(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="no file"):
        serve(tmp_path / "none.h5")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(TwinError, match="port"):
            serve(run, port=taken.getsockname()[1])


def test_answers_wait_in_memory_and_not_in_temporary_files(run: Path) -> None:
    """The server drops such a file unclosed when a browser turns away in the middle of a large script."""
    import dash

    scripts = Path(dash.__file__).parent.rglob("*.js")
    server = make_server(Catalog(run))
    assert server.adj.outbuf_overflow > max(script.stat().st_size for script in scripts)
    server.close()


def test_app_never_runs_in_debug_mode(run: Path, root: Path) -> None:
    app = create_app(Catalog(run))
    assert isinstance(app, Dash)
    assert not app.server.debug
    assert app.config.serve_locally
    sources = [path.read_text(encoding="utf-8") for path in (root / "dashboard").rglob("*.py")]
    assert not [text for text in sources if "debug=True" in text]
    assert LOOPBACK == ("127.0.0.1", "localhost", "::1")


def test_a_balance_that_could_not_be_added_up_is_named() -> None:
    """As in a run that failed with numbers beyond bounds: the report has None for them."""
    from dashboard.pages.balances import layout
    from dashboard.pages.cards import cards

    keys = ("initial", "in", "out", "source", "final", "relative", "relative_streams")
    lost = {"name": "water", "unit": "kg", **dict.fromkeys(keys), "closes": False}
    good = {"name": "ethanol", "unit": "kg", **dict.fromkeys(keys, 0.0), "closes": True}
    duty = {"unit": "J", "added": None, "removed": 0.0, "net": None}
    report = {
        "balances": [good, lost],
        "closure": {"value": 1e-8, "basis": "rounding"},
        "feeds": {},
        "products": {},
        "quality": [],
        "holdup": {},
        "session": {},
        "events": 0,
        "simulated_s": 60.0,
        "utilities": {"tank": {"heat": duty}},
    }
    data = SimpleNamespace(report=report, product="", plant={})
    assert str(layout(SimpleNamespace(data=data))).count("not finite") == 2
    assert any("not finite" in str(card) and "water" in str(card) for card in cards(data))


@pytest.mark.parametrize(
    ("settings", "lost", "color", "words"),
    [
        ({}, 0.0, "teal", "limit 1·10⁻⁸ (rounding)"),
        ({}, 6e-7, "red", "limit 1·10⁻⁸ (rounding)"),
        ({"method": "multirate", "rtol": 1e-4}, 6e-7, "teal", "limit 0.0001 (blocks)"),
        ({"method": "multirate", "rtol": 1e-4}, 6e-4, "red", "limit 0.0001 (blocks)"),
    ],
)
def test_a_balance_is_red_where_the_run_has_an_alarm_of_it(
    settings: dict[str, Any], lost: float, color: str, words: str, tmp_path: Path
) -> None:
    from dashboard.pages.balances import layout
    from dashboard.pages.cards import cards

    data = Catalog(write_example(tmp_path / "run.h5", hours=1.0, lost=lost, **settings)).dataset(None)
    assert bool(data.run.alarms) == (color == "red")
    found = next(card.to_plotly_json() for card in cards(data) if "Balance error" in str(card))
    assert f"c='{color}'" in str(found)
    assert words in str(found)
    page = str(layout(SimpleNamespace(data=data)))
    assert words in page
    assert ("color='red'" in page) == (color == "red")


def test_another_address_than_loopback_demands_the_token(run: Path) -> None:
    client = create_app(Catalog(run), token="secret-token").server.test_client()
    there = {"Host": "plant.example:8050"}
    assert client.get("/", headers=there).status_code == 401
    assert client.get("/?token=guess", headers=there).status_code == 401
    assert client.get("/?token=secret-token", headers=there).status_code == 302
    client.set_cookie("twin-token", "secret-token", domain="plant.example")
    assert client.get("/", headers=there).status_code == 200


def test_another_sites_page_cannot_ask_through_this_browser(client: Any) -> None:
    assert client.post("/_dash-update-component", json={}, headers={"Origin": "http://evil.example"}).status_code == 403


def test_links_out_of_the_folder_are_not_runs(tmp_path: Path) -> None:
    outside = write_example(tmp_path / "secret.h5", hours=1.0)
    folder = tmp_path / "runs"
    folder.mkdir()
    write_example(folder / "run.h5", hours=1.0)
    try:
        (folder / "link.h5").symlink_to(outside)
    except OSError:
        pytest.skip("no symbolic links here")
    assert Catalog(folder).names() == ["run.h5"]


def test_runs_as_rows_with_figures_labels_and_trash(tmp_path: Path) -> None:
    write_example(tmp_path / "a.h5", hours=1.0)
    (tmp_path / "bad.h5").write_text("not HDF5")
    catalog = Catalog(tmp_path)
    catalog.labels.put("a.h5", " good ,good, day 1 ")
    view = {row["name"]: row for row in runs.rows(catalog)}
    assert view["a.h5"]["labels"] == "good, day 1"
    assert "not an HDF5 file" in view["bad.h5"]["plant"]
    while catalog.reported("a.h5") is None:
        time.sleep(0.01)
    row = runs.row_of(catalog, "a.h5", {})
    assert (row["plant"], row["scenario"], row["hours"]) == ("line", "startup", 1.0)
    assert row["product"].endswith("kg")
    moved = catalog.discard("a.h5")
    assert moved == tmp_path / ".trash" / "a.h5"
    assert moved.exists()
    assert catalog.names() == ["bad.h5"]


def test_a_file_of_a_long_table_is_read_once_for_each_of_its_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_example(tmp_path / "a.h5", hours=1.0)
    catalog = Catalog(tmp_path)
    first = runs.rows(catalog)
    opened: list[str | None] = []

    def dataset(name: str | None) -> Any:
        opened.append(name)
        return Catalog.dataset(catalog, name)

    monkeypatch.setattr(catalog, "dataset", dataset)
    while catalog.reported("a.h5") is None:  # the figures are computed aside, once
        time.sleep(0.01)
    opened.clear()
    assert runs.rows(catalog)[0]["hours"] == first[0]["hours"] == 1.0
    assert opened == []
    (tmp_path / "new").mkdir()
    write_example(tmp_path / "new" / "a.h5", hours=2.0).replace(run)
    assert runs.rows(catalog)[0]["hours"] == 2.0


def test_reviewers_cannot_write(tmp_path: Path) -> None:
    write_example(tmp_path / "a.h5", hours=1.0)
    catalog = Catalog(tmp_path, review=True)
    with pytest.raises(TwinError, match="reviewing"):
        catalog.discard("a.h5")
    callbacks = create_app(catalog).callback_map
    for writing in ("trash-ask", "run-note", "wi-", "task-go", "task-stop"):
        assert not [key for key in callbacks if writing in key]
    shown = json.dumps(open_page(create_app(catalog).server.test_client(), "?page=runs"))
    assert "Compare" in shown
    assert "Move to trash" not in shown
    assert "What if?" not in shown
