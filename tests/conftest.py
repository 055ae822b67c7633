"""What every test session shares: one cache of compiled kernels, and Hypothesis without deadlines.

The cache lies in the checkout (`.cache/kernels`), not in the user's folder: a fresh clone starts
cold, as a user's machine does, and every test after the first that needs a kernel loads it.
"""

from __future__ import annotations

import os
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


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT
