"""The run file: what is written is read back, by anyone, and nothing is ever overwritten or half there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.results.fake import EDGES, EVENT, fake_plant, fake_scenario, trajectory
from tests.results.making import TIMES, feed, write_run
from twin.results.events import EventRow
from twin.results.files import FileProblem
from twin.results.layout import BLOCK_ROWS
from twin.results.reader import open_run
from twin.results.writer import RunWriter


def test_everything_recorded_is_read_back_to_the_bit(finished: Path) -> None:
    run, plant = open_run(finished), fake_plant()
    y, w, q = trajectory(plant, TIMES)
    assert np.array_equal(run.time, TIMES)
    recorded = [c for c in plant.columns if c.kind != "integral"]
    assert set(run.tags) == {c.path for c in recorded}
    for c in recorded:
        block = {"y": y, "w": w, "q": q}[c.vector]
        expected = block[:, c.offset : c.offset + int(np.prod(c.shape))].reshape(len(TIMES), *c.shape)
        assert np.array_equal(run.get(c.path), expected), c.path
        assert run.tags[c.path].dims == c.dims
        assert run.tags[c.path].meaning == c.field.meaning


def test_blocks_of_any_length_give_the_same_rows(tmp_path: Path) -> None:
    times = np.arange(0.0, 2.6 * BLOCK_ROWS)
    for piece in (1, 7, BLOCK_ROWS, BLOCK_ROWS + 1, 4 * BLOCK_ROWS):
        run = open_run(write_run(tmp_path / f"{piece}.h5", times, piece))
        assert np.array_equal(run.time, times)
        assert np.array_equal(run.get("crystallizer.mode"), times >= EVENT)


def test_units_codes_elements_and_labels(finished: Path) -> None:
    run = open_run(finished)
    assert run.unit("crystallizer.H") == "J"
    assert run.unit("crystallizer.total.heat") == "J"  # recorded as the integral of W
    assert run.unit("tablets.total.solids") == "kg"
    assert run.tags["crystallizer.mode"].codes == {0: "FILLING", 1: "RUNNING"}
    assert run.tags["crystallizer.product.m_flow"].kind == "outlet"
    assert run.labels("fluids") == ["ethanol", "p_aminophenol", "paracetamol"]
    assert np.array_equal(run.labels("bins_edges"), EDGES)
    assert np.array_equal(run.get("reagents.m_flow[p_aminophenol]"), run.get("reagents.m_flow")[:, 1])
    assert run.at("reagents.m_flow[1]", -1) == run.get("reagents.m_flow")[-1, 1]


def test_an_unknown_tag_is_answered_with_the_closest(finished: Path) -> None:
    run = open_run(finished)
    with pytest.raises(FileProblem, match=r"no tag 'crystallizer\.hardnes'. Did you mean 'crystallizer\.hardness'\?"):
        run.get("crystallizer.hardnes")
    with pytest.raises(FileProblem, match="no element 'water': fluids are ethanol, p_aminophenol, paracetamol"):
        run.get("reagents.m_flow[water]")


def test_events_alarms_snapshots_and_texts(finished: Path) -> None:
    run = open_run(finished)
    assert run.events == [EventRow(EVENT, "set", "reagents.m_flow.ethanol", 0.01, 0.02, "the feed is doubled: ½ → 1")]
    assert run.alarms[0].text == "too soft"
    around = run.snapshots
    assert around is not None
    flow = around.tags.index("reagents.m_flow[ethanol]")
    assert around.after[0, flow] == 2.0 * around.before[0, flow] > 0.0
    assert around.units[flow] == "kg/s"
    assert run.outcome == "finished"
    assert run.outcome_message == "The run finished."
    assert run.complete
    assert run.plant_yaml.startswith("twin: 1\ntitle: a fake\n# what is made")
    assert run.scenario_yaml == "twin: 1\nplant: fake\n"
    assert run.resolved_yaml == "twin: 1\n"
    assert run.statistics == {"steps": 120, "rejected": 3}
    assert run.provenance["seed"] == 7
    assert run.provenance["model_fingerprint"] == "f" * 64
    assert run.provenance["versions"]["numpy"] == np.__version__
    assert run.provenance["session"]["integration_seconds"] == 1.5
    assert np.isnan(run.quality[0].high)


def test_xarray_gives_labelled_data_with_units(finished: Path) -> None:
    xarray = pytest.importorskip("xarray")
    with xarray.open_datatree(finished, engine="h5netcdf") as tree:
        flow = tree["feeds/reagents"]["m_flow"]
        assert flow.dims == ("time", "fluids")
        assert flow.attrs["units"] == "kg/s"
        late = flow.sel(time=3600.0, fluids="p_aminophenol").item()
        assert late == open_run(finished).get("reagents.m_flow")[60, 1]
        number = tree["units/crystallizer/measurements"]["number"]
        assert np.array_equal(number["bins_edges"].values, EDGES)
        assert number["bins_edges"].attrs["units"] == "m"
        held = tree["units/crystallizer/holdup"].dataset
        assert {"m_fluids", "m_solids", "H"} <= set(held.data_vars)  # none taken for a coordinate
        assert held["m_fluids"].dims == ("time", "fluids")
        assert str(tree["events"]["cause"].values[0]) == "the feed is doubled: ½ → 1"
        balance = tree["balances"]["relative"].sel(component="paracetamol")
        assert balance.item() < 1e-12


def test_a_run_without_events_has_the_table_with_no_rows(tmp_path: Path) -> None:
    plant, final = fake_plant(), tmp_path / "quiet.h5"
    with RunWriter(final, plant, fake_scenario()) as writer:
        feed(writer, plant, TIMES)
        writer.finish("finished")
    with h5py.File(final, "r") as file:
        shapes = {name: file["events"][name].shape for name in ("time", "kind", "path", "old", "new", "cause")}
    assert set(shapes.values()) == {(0,)}
    run = open_run(final)
    assert run.events == []
    assert run.snapshots is None
    xarray = pytest.importorskip("xarray")
    with xarray.open_datatree(final, engine="h5netcdf") as tree:
        table = tree["events"].to_dataset(inherit=False)  # else `time` is the axis of the whole file
        assert table["time"].sizes == table["cause"].sizes == {"event": 0}


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="h5dump is not installed")
def test_h5dump_reads_it(finished: Path) -> None:
    dumped = subprocess.run(
        ["h5dump", "-d", "/units/crystallizer/outlets/product/T", str(finished)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"Kelvin"' not in dumped.stdout
    assert dumped.stdout.count("313.15") == len(TIMES)
    whole = subprocess.run(["h5dump", "-H", str(finished)], capture_output=True, text=True, check=True)
    assert whole.stderr == ""
    assert 'GROUP "balances"' in whole.stdout


def test_every_growing_variable_is_compressed_and_checked(finished: Path) -> None:
    with h5py.File(finished, "r") as file:
        found = []
        for root in ("units", "feeds", "quadratures"):
            file[root].visititems(lambda _, node: found.append(node) if isinstance(node, h5py.Dataset) else None)
        assert found
        for node in [*found, file["time"]]:
            assert (node.compression, node.shuffle, node.fletcher32) == ("gzip", True, True), node.name


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    final = tmp_path / "run.h5"
    final.write_bytes(b"precious")
    with pytest.raises(FileProblem, match="never overwrites"):
        RunWriter(final, fake_plant(), fake_scenario())
    assert final.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["run.h5"]


def test_a_name_taken_meanwhile_keeps_both(tmp_path: Path) -> None:
    plant, final = fake_plant(), tmp_path / "run.h5"
    with RunWriter(final, plant, fake_scenario()) as first, RunWriter(final, plant, fake_scenario()) as second:
        assert first.partial != second.partial
        for writer in (first, second):
            feed(writer, plant, TIMES)
        first.finish("finished")
        before = final.read_bytes()
        with pytest.raises(FileProblem, match="another run meanwhile"):
            second.finish("finished")
    assert final.read_bytes() == before
    assert open_run(second.partial).complete


def test_a_run_can_be_read_while_it_goes_on_and_after_it_was_left(tmp_path: Path) -> None:
    plant, final = fake_plant(), tmp_path / "run.h5"
    with RunWriter(final, plant, fake_scenario(), flush_every=0.0) as writer:
        feed(writer, plant, TIMES[:30])
        writer.events([EventRow(5.0, "set", "a.b", 1.0, 2.0, "x" * 900)])
        run = open_run(writer.partial)
        assert run.outcome == "running"
        assert not run.complete
        assert np.array_equal(run.time, TIMES[:30])
        assert run.get("crystallizer.m").shape == (30, 3)
        assert run.events[0].path == "a.b"
        assert run.balances.worst.measures["relative"] < 1e-12
        feed(writer, plant, TIMES[30:])
        assert np.array_equal(open_run(writer.partial).time, TIMES)
        assert not final.exists()
    assert np.array_equal(open_run(writer.partial).time, TIMES)


def test_a_killed_run_leaves_what_was_flushed(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom tests.results.fake import fake_plant, fake_scenario\n"
        "from tests.results.making import TIMES, feed\nfrom twin.results.writer import RunWriter\n"
        "plant = fake_plant()\nwriter = RunWriter(Path(sys.argv[1]), plant, fake_scenario(), flush_every=0.0)\n"
        "feed(writer, plant, TIMES[:40], 5)\nprint('written', flush=True)\nsys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "run.h5")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"written"
        child.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    run = open_run(tmp_path / "run.h5.partial")
    assert np.array_equal(run.time, TIMES[:40])
    assert run.outcome == "running"


@pytest.mark.skipif(os.name == "nt", reason="limits of file size are POSIX")
@pytest.mark.parametrize("warned", [True, False])
def test_a_full_disk_is_one_sentence_and_no_final_file(warned: bool, tmp_path: Path) -> None:
    # a limit of the file's size makes writing fail in the middle of a block, as a full disk does;
    # without the warning HDF5 itself runs into it
    script = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from tests.results.fake import fake_plant, fake_scenario\n"
        "from tests.results.making import feed\nfrom twin.results.writer import RunWriter\n"
        "from twin.errors import TwinError\nimport numpy as np\n"
        "import twin.results.files\nif sys.argv[2] == 'False': twin.results.files._file_size_limit = lambda: None\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nplant = fake_plant()\n"
        "with RunWriter(Path(sys.argv[1]), plant, fake_scenario()) as writer:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "    try:\n        feed(writer, plant, np.arange(0.0, 60_000.0), 512)\n        writer.finish('finished')\n"
        "    except TwinError as error:\n        print(error.exit_code, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run.h5"), str(warned)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 ")
    assert "cannot be written" in done.stdout
    assert done.stderr == ""
    assert not (tmp_path / "run.h5").exists()
    if warned:  # else the limit forbids even the hole at the end that would make it readable
        left = open_run(tmp_path / "run.h5.partial")
        assert left.rows > 0
        assert left.rows % BLOCK_ROWS == 0
        assert np.array_equal(left.get("crystallizer.mode"), left.time >= EVENT)


def test_no_room_left_is_said_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = fake_plant()
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario(), flush_every=0.0) as writer:
        feed(writer, plant, TIMES[:10])
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
        with pytest.raises(FileProblem, match="is full"):
            feed(writer, plant, TIMES[10:])
    assert open_run(writer.partial).rows == 10
    assert not (tmp_path / "run.h5").exists()


def test_time_may_stand_still_but_not_run_backwards(tmp_path: Path) -> None:
    plant = fake_plant()
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario()) as writer:
        feed(writer, plant, np.array([0.0, 60.0, 60.0]))
        feed(writer, plant, np.array([60.0, 90.0]))
        with pytest.raises(ValueError, match="backwards"):
            feed(writer, plant, np.array([80.0]))
        run = open_run(writer.finish("interrupted"))
    assert run.time.tolist() == [0.0, 60.0, 90.0]
    assert run.outcome == "interrupted"


def test_a_run_that_failed_at_once_is_a_file_too(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run.h5", fake_plant(), fake_scenario()) as writer:
        run = open_run(writer.finish("not_finite", "The rates are not finite."))
    assert run.rows == 0
    assert run.get("crystallizer.m").shape == (0, 3)
    assert run.outcome_message == "The rates are not finite."


def test_foreign_cut_and_missing_files_are_named(tmp_path: Path, finished: Path) -> None:
    text = tmp_path / "text.h5"
    text.write_text("not HDF5")
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file["x"] = 1.0
    cut = tmp_path / "cut.h5"
    cut.write_bytes(finished.read_bytes()[:-5000])
    newer = tmp_path / "newer.h5"
    shutil.copy(finished, newer)
    with h5py.File(newer, "r+") as file:
        file.attrs["schema_version"] = "2.0"
    empty = tmp_path / "empty.h5"
    empty.write_bytes(b"")
    for path, message in (
        (text, "not an HDF5 file"),
        (foreign, "not a run of twin"),
        (cut, "cut short"),
        (newer, "has schema 2.0"),
        (tmp_path / "none.h5", "there is no file"),
        (empty, "not an HDF5 file"),
    ):
        with pytest.raises(FileProblem, match=message):
            open_run(path)


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "flipped.h5"
    with h5py.File(finished, "r") as file:
        chunk = file["/units/crystallizer/states/m"].id.get_chunk_info(0)
    data = bytearray(finished.read_bytes())
    data[chunk.byte_offset + chunk.size // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(FileProblem, match="damaged"):
        open_run(path).get("crystallizer.m")


def test_names_that_paths_cannot_hold(tmp_path: Path) -> None:
    plant = fake_plant()
    column = plant.columns[0]
    odd = type(column)("cry/1.H", "state", "cry/1", "", column.field, "y", 0)
    plant.columns = (odd, *plant.columns[1:])
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario()) as writer:
        feed_like = np.zeros((1, plant.n_y)), np.zeros((1, len(writer.w_index))), np.zeros((1, plant.n_q))
        writer.append(np.zeros(1), *feed_like)
        run = open_run(writer.finish("finished"))
    assert run.tags["cry/1.H"].path == "/units/cry_1/states/H"
    plant.columns = (odd, type(column)("cry_1.H", "state", "cry_1", "", column.field, "y", 0), *plant.columns[1:])
    with pytest.raises(ValueError, match="both be recorded"):
        RunWriter(tmp_path / "two.h5", plant, fake_scenario())
