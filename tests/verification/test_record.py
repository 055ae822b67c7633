"""The table of verified numbers: its text, and that one name cannot stand for two numbers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.verification import record as module
from tests.verification.record import PAGE, record, rows, table


@pytest.fixture
def _nothing_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_rows", {})


@pytest.mark.usefixtures("_nothing_recorded")
def test_the_table_is_sorted_with_fixed_digits() -> None:
    record("b", "closed form", "x [m]", 2.0, 2.000002)
    record("a", "table 3", "|y| [1]", 0.0, 1e-9, order=1.978)
    text = table(rows()).splitlines()[-2:]
    assert text == [
        r"| a | table 3 | \|y\| [1] | 0 | 1e-09 | 1.0e-09 | 1.98 |",
        "| b | closed form | x [m] | 2 | 2.000002 | 1.0e-06 |  |",
    ]


@pytest.mark.usefixtures("_nothing_recorded")
def test_one_name_has_one_number() -> None:
    record("a", "closed form", "x", 1.0, 1.0)
    record("a", "closed form", "x", 1.0, 1.0)  # the same test again
    assert len(rows()) == 1
    with pytest.raises(ValueError, match="recorded twice"):
        record("a", "closed form", "x", 1.0, 1.1)


def recorded_cases(text: str) -> list[str]:
    """First arguments of record(...) in a test file, as far as they are written out."""
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and n.args]
    found = []
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "record":
            case = call.args[0].values[0] if isinstance(call.args[0], ast.JoinedStr) else call.args[0]
            if isinstance(case, ast.Constant):
                found.append(str(case.value))
    return found


def test_the_page_lists_every_case(root: Path, pytestconfig: pytest.Config) -> None:
    """The page is written by a run of its own; a case that is not on it has been added since."""
    if pytestconfig.getoption("--write-table"):
        pytest.skip("the table is about to be written")
    if not (root / PAGE).exists():
        pytest.skip("no table has been written yet: pytest -n 0 tests/verification --write-table")
    page = (root / PAGE).read_text(encoding="utf-8")
    for file in sorted((root / "tests" / "verification").glob("test_*.py")):
        for case in recorded_cases(file.read_text(encoding="utf-8")):
            shown = case.replace("|", "\\|")
            assert file.name == "test_record.py" or f"| {shown}" in page, (
                f"{case} of {file.name} is missing: run pytest -n 0 tests/verification --write-table"
            )
