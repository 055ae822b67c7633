"""Numbers that verification tests compared, collected in memory for the table in docs/verification.md.

    pytest -n 0 tests/verification --write-table

runs every verification test, the slow ones too, and writes the table if all of them passed. Rows
live in one process: with pytest-xdist the option is refused (without the option, recording under
xdist does no harm).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PAGE = Path("docs") / "verification.md"

HEAD = """# Verification

Numbers of closed forms, of high-accuracy solutions and of the literature beside what Twin computes. Written by the
tests (`pytest -n 0 tests/verification --write-table`), which hold every number to its own tolerance; no hand edits it.
The error is relative, or absolute where zero is expected; the order is that of the error under refinement.

DOIs not confirmed (not found again in public texts that quote them): 10.1002/aic.12366, 10.1002/aic.690140121,
10.1002/aic.690220505, 10.1002/cjce.5450770317, 10.1016/0009-2509(78)85196-3, 10.1016/j.compchemeng.2022.107809,
10.1021/ie50272a011.

| case | source | quantity | expected | got | error | observed order |
|---|---|---|---:|---:|---:|---:|
"""


class Row(NamedTuple):
    """One compared number."""

    case: str
    source: str
    quantity: str
    expected: float
    got: float
    order: float | None


_rows: dict[tuple[str, str, str], Row] = {}


def record(case: str, source: str, quantity: str, expected: float, got: float, order: float | None = None) -> None:
    """Keep one compared number for the table.

    Parameters
    ----------
    case : str
        What was computed, e.g. "Rayleigh distillation".
    source : str
        Where the expected number comes from, e.g. "closed form" or a DOI.
    quantity : str
        Name and unit of the number, with all that tells it from the other numbers of the case.
    expected, got : float
        The number of the source and the computed one.
    order : float, optional
        Observed order of convergence.

    Raises
    ------
    ValueError
        When the same case, source and quantity were recorded with other numbers.
    """
    row = Row(case, source, quantity, float(expected), float(got), None if order is None else float(order))
    known = _rows.setdefault(row[:3], row)
    if known != row:
        raise ValueError(f"'{quantity}' of '{case}' ({source}) is recorded twice: {known} and {row}")


def rows() -> list[Row]:
    """What was recorded so far in this process, in the order of the table."""
    return [_rows[key] for key in sorted(_rows)]


def table(rows: list[Row]) -> str:
    """Give the page, text for text the same for the same rows."""
    return HEAD + "".join(f"| {' | '.join(_cells(row))} |\n" for row in rows)


def _cells(row: Row) -> list[str]:
    error = abs(row.got - row.expected) / (abs(row.expected) or 1.0)
    texts = [text.replace("|", "\\|") for text in row[:3]]
    order = "" if row.order is None else f"{row.order:.2f}"
    return [*texts, f"{row.expected:.10g}", f"{row.got:.10g}", f"{error:.1e}", order]
