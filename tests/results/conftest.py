"""A finished run of the fake plant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.results.making import write_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours, a sample a minute, one event between samples."""
    return write_run(tmp_path_factory.mktemp("run") / "fake.h5")
