"""One folder of evidence for all tests, copied by those that tamper."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.folder import Signers, copied, make_folder, make_signers


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    pytest.importorskip("cryptography")
    return make_signers(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def genuine(tmp_path_factory: pytest.TempPathFactory, signers: Signers) -> Path:
    """Nobody tampers with this one."""
    return make_folder(tmp_path_factory.mktemp("genuine") / "runs", signers)


@pytest.fixture
def runs(genuine: Path, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return copied(genuine, tmp_path / "runs")
