"""What every test session shares: one cache of compiled kernels, and Hypothesis without deadlines.

The cache lies in the checkout (`.cache/kernels`), not in the user's folder: a fresh clone starts
cold, as a user's machine does, and every test after the first that needs a kernel loads it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("TWIN_CACHE_DIR", str(ROOT / ".cache" / "kernels"))
# Processes that tests start find this checkout from any folder, installed or not.
_paths = [str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
os.environ["PYTHONPATH"] = os.pathsep.join(_paths)

# A first compilation takes seconds, which is no property of the example at hand. Derandomised, so
# that CI judges the change and not its luck; a search with fresh seeds is `--hypothesis-profile=search`.
settings.register_profile(
    "everyday",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", parent=settings.get_profile("everyday"), derandomize=False, max_examples=1000)
settings.load_profile("everyday")


# Tests that send Ctrl-C are meant for processes that hear it; a shell's background jobs, and their children, do not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

VERIFICATION = ROOT / "tests" / "verification"
#: Folders, and files, of slow tests in the order in which CI runs them in the time that it has: what is missed most.
SLOW_FIRST = (
    "docs/test_site.py",
    "plant",
    "verification",
    "scenarios",
    "evidence",
    "browser",
    "docs",
    "trace",
    "cli",
    "validation",
    "steady",
)


#: Seconds that a slow test may take: a model compiles for two minutes where other workers compile theirs.
SLOW_LIMIT = 900


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write docs/verification.md: runs slow tests too")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--write-table"):
        return
    if config.getoption("numprocesses", None) or config.option.keyword:
        raise pytest.UsageError("--write-table collects all rows in one process: run it with -n 0 and without -k")
    config.option.markexpr = ""  # the table has the slow cases too


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_LIMIT))
    if config.option.markexpr == "slow":
        folders = [ROOT / "tests" / name for name in SLOW_FIRST]
        places = [{item.path, *item.path.parents} for item in items]
        ranks = [next((i for i, f in enumerate(folders) if f in place), len(folders)) for place in places]
        items[:] = [items[i] for i in sorted(range(len(items)), key=ranks.__getitem__)]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table of verified numbers when it was asked for and every verification test has passed."""
    if not session.config.getoption("--write-table"):
        return
    from tests.verification.record import PAGE, rows, table

    missing = set(VERIFICATION.glob("test_*.py")) - {item.path for item in session.items}
    if exitstatus or missing or not rows():
        left_out = ", ".join(sorted(path.name for path in missing)) or "none"
        raise pytest.UsageError(f"{PAGE} not written: tests failed, or some were not run (files left out: {left_out})")
    (ROOT / PAGE).write_text(table(rows()), encoding="utf-8", newline="\n")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT
