"""A study on a real Dask scheduler with two worker processes: the same file, to the hash."""

import json
import subprocess
import sys

import pytest

from tests.cli.shell import environment
from tests.study.studies import doses
from twin.study.cluster import Cluster, ClusterProblem, row_of
from twin.study.engines import Threads
from twin.study.execute import execute
from twin.study.reading import load_study


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Address of a scheduler with two workers, each a process of its own with one thread."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    quiet = {"cwd": folder, "env": environment(), "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "distributed.cli.dask_scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--no-dashboard",
                "--scheduler-file",
                str(file),
            ],
            **quiet,
        ),
        *(
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "distributed.cli.dask_worker",
                    "--host",
                    "127.0.0.1",
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--no-dashboard",
                    "--scheduler-file",
                    str(file),
                ],
                **quiet,
            )
            for _ in range(2)
        ),
    ]
    try:
        from distributed import Client

        with Client(scheduler_file=str(file), timeout=200, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=200)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in started[::-1]:
            process.kill()  # nothing of theirs is kept, and how politely Dask leaves is not the question
            process.wait(20)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_same_study_has_the_same_hash(scheduler, tmp_path):
    study = load_study(doses(design={"kind": "latin_hypercube", "runs": 20}))
    here = execute(study, tmp_path / "here.h5", Threads(study, 2))
    engine = Cluster(study, scheduler)
    assert engine.description == "2 Dask workers, 2 threads"
    there = execute(study, tmp_path / "there.h5", engine)
    assert there.content_hash == here.content_hash
    assert there.outcomes == {"finished": 20}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_threads_began_a_cluster_can_finish(scheduler, tmp_path):
    study = load_study(doses())
    whole = execute(study, tmp_path / "whole.h5", Threads(study, 1)).content_hash

    class CtrlC(Threads):
        def rows(self, numbers, plan):
            yield next(iter(super().rows(numbers, plan)))
            raise KeyboardInterrupt

    from twin.study.execute import Stopped

    with pytest.raises(Stopped):
        execute(study, tmp_path / "half.h5", CtrlC(study, 1))
    done = execute(study, tmp_path / "half.h5", Cluster(study, scheduler), resume=True)
    assert (done.resumed, done.content_hash) == (1, whole)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_no_scheduler_is_one_sentence(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("twin.study.cluster.PATIENCE", 1)
    with pytest.raises(ClusterProblem, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        Cluster(load_study(doses()), "tcp://127.0.0.1:9")


def test_workers_with_other_models_are_refused():
    """Fingerprints are asked of every worker."""

    class Client:
        def __init__(self, *prints):
            self.prints = prints

        def run(self, function, study):
            return dict(enumerate(self.prints))

    engine = Cluster.__new__(Cluster)
    engine._study, engine._client = b"", Client(["a", "b"], ["a", "b"])
    assert engine.fingerprints() == ["a", "b"]
    engine._client = Client(["a", "b"], ["a", "c"])
    with pytest.raises(ClusterProblem, match="different versions of the models"):
        engine.fingerprints()


def test_a_run_that_kills_its_workers_is_a_row_and_a_lost_scheduler_a_sentence():
    distributed = pytest.importorskip("distributed")

    class Future:
        def __init__(self, given):
            self.given = given

        def result(self):
            if isinstance(self.given, Exception):
                raise self.given
            return self.given

    row = row_of(Future(("finished", "It ended.", 9.0, [1.0, 2.0])), 2)
    assert (row.outcome, row.message, row.reached, row.y.tolist()) == ("finished", "It ended.", 9.0, [1.0, 2.0])
    lost = row_of(Future(distributed.KilledWorker("key", None, 3)), 2)
    assert (lost.outcome, lost.reached) == ("lost", 0.0)
    assert len(lost.y) == 2
    assert all(value != value for value in lost.y)
    with pytest.raises(ClusterProblem, match="--resume goes on"):
        row_of(Future(ConnectionResetError("reset by peer")), 2)
