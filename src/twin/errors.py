"""Errors that a user sees: one screen, never a traceback.

plant_configs/direct_compression.yaml:14:14: unknown parameter
   13 |   blender:
 > 14 |     params: {tua: 60 s}
      |              ^^^
blender (powder.blender) has no parameter 'tua'. Did you mean 'tau' [s] "mean residence time"?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Widest piece of a source line that is shown; longer lines are cut around the caret.
WIDTH = 100
#: Problems shown in full; what is left is counted.
SHOWN = 12


class TwinError(Exception):
    """An error for the user: the message is the whole story; the command exits with `exit_code`."""

    exit_code = 1


class UsageError(TwinError):
    """A command line that makes no sense."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file, with its place.

    Parameters
    ----------
    file : str
        The file as the user named it (or `--set`).
    line, col, length : int
        Place of the words at fault, counted from 1; line 0 means the file as a whole.
    title : str
        What kind of problem, in a few words.
    detail : str
        The full sentence: what was expected, what was read, the closest match.
    context : tuple of (int, str)
        The source lines to show with their numbers; the last one carries the caret.
    """

    file: str
    line: int
    col: int
    length: int
    title: str
    detail: str
    context: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.col}" if self.line else self.file
        parts = [f"{place}: {self.title}"]
        if self.context:
            parts.extend(_excerpt(self))
        parts.extend(self.detail.split("\n"))
        return "\n".join(_printable(part) for part in parts)


def _printable(text: str) -> str:
    """Put blanks for what would move the cursor or hide text: a file may hold anything."""
    return "".join(c if c.isprintable() else " " for c in text)


def _excerpt(problem: Problem) -> list[str]:
    cut = max(0, problem.col - 1 - WIDTH // 2) if problem.col + problem.length > WIDTH else 0
    wide = max(2, len(str(problem.context[-1][0])))
    lines = []
    for number, text in problem.context:
        shown = _printable(text)[cut : cut + WIDTH].rstrip()
        mark = ">" if number == problem.line else " "
        lines.append(f" {mark} {number:>{wide}} | {shown}".rstrip())
    length = max(1, min(problem.length, WIDTH - (problem.col - 1 - cut)))
    lines.append(f"   {'':>{wide}} | {' ' * (problem.col - 1 - cut)}{'^' * length}")
    return lines


class ConfigError(TwinError):
    """A configuration that cannot be run: every problem that was found, in the order of the files.

    Parameters
    ----------
    problems : sequence of Problem
    """

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        parts = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            parts.append(f"… and {len(self.problems) - SHOWN} more problems.")
        return "\n\n".join(parts)
