"""Reading a configuration needs neither numba nor scipy, and importing it reads nothing at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numba", "scipy", "pint", "h5py", "pydantic", "llvmlite")


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import twin.config", (*HEAVY, "numpy", "ruamel.yaml", "unit_ops")),
        ("from twin.config import check; assert check('two_tanks') == []", HEAVY),
        ("from twin.config import check; assert check('tests/config/rich_scenario.yaml') == []", HEAVY),
    ],
)
def test_what_is_not_imported(code: str, unwanted: tuple[str, ...]) -> None:
    program = f"import sys; sys.path[:0] = ['src', '.']; {code}; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
