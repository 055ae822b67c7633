"""The table of verified numbers: its text, and that one name cannot stand for two numbers."""

from __future__ import annotations

import pytest

from tests.verification import record as module
from tests.verification.record import record, rows, table


@pytest.fixture(autouse=True)
def _nothing_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_rows", {})


def test_the_table_is_sorted_with_fixed_digits() -> None:
    record("b", "closed form", "x [m]", 2.0, 2.000002)
    record("a", "table 3", "|y| [1]", 0.0, 1e-9, order=1.978)
    text = table(rows()).splitlines()[-2:]
    assert text == [
        r"| a | table 3 | \|y\| [1] | 0 | 1e-09 | 1.0e-09 | 1.98 |",
        "| b | closed form | x [m] | 2 | 2.000002 | 1.0e-06 |  |",
    ]


def test_one_name_has_one_number() -> None:
    record("a", "closed form", "x", 1.0, 1.0)
    record("a", "closed form", "x", 1.0, 1.0)  # the same test again
    assert len(rows()) == 1
    with pytest.raises(ValueError, match="recorded twice"):
        record("a", "closed form", "x", 1.0, 1.1)
