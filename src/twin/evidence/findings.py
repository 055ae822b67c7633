"""What a check may find: one class and one exit code for each kind of failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from twin.errors import TwinError


class Kind(IntEnum):
    """Class of a failure; its number is the exit code. Numbers never change their meaning."""

    STRUCTURE = 10
    UNFINISHED = 11
    CONTENT = 12
    SEAL = 13
    SIGNATURE = 14
    UNTRUSTED = 15
    AUDIT = 16
    REGISTRY = 17
    SUPERSEDED = 18
    CONFIGURATION = 19
    CLOCK = 20
    BUNDLE = 21
    REPORT = 22
    SOFTWARE = 23
    REPRODUCTION = 24
    REMARK = 25


#: In words, for the screen.
MEANINGS = {
    Kind.STRUCTURE: "the file is damaged, or holds what a run file never holds",
    Kind.UNFINISHED: "the run has not been finished: it goes on, or was killed",
    Kind.CONTENT: "numbers, texts or attributes are not those that the run wrote",
    Kind.SEAL: "the file is not the one that was made final",
    Kind.SIGNATURE: "a signature does not hold, is missing, or belongs to something else",
    Kind.UNTRUSTED: "a signature is by a key that is not trusted, or not for this meaning",
    Kind.AUDIT: "the log of the folder has been changed or cut",
    Kind.REGISTRY: "a run that was logged is missing, or another one stands in its place",
    Kind.SUPERSEDED: "a correction has replaced this run",
    Kind.CONFIGURATION: "the configuration is not the expected one",
    Kind.CLOCK: "the clock was set back while the log was written",
    Kind.BUNDLE: "the bundle is unsafe to unpack, or incomplete",
    Kind.REPORT: "the report does not say what the data say",
    Kind.SOFTWARE: "the installed program is not the one that made the run",
    Kind.REPRODUCTION: "the same run again gave other numbers",
    Kind.REMARK: "a remark, with --strict",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in a sentence."""

    kind: Kind
    text: str


class EvidenceProblem(TwinError):
    """Something that cannot be done with evidence as it is: the exit code says which class.

    Parameters
    ----------
    kind : Kind
    text : str
        The sentence shown.
    """

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.exit_code = int(kind)


class UsageProblem(TwinError):
    """A request that makes no sense, or lacks a package."""

    exit_code = 2


@dataclass
class Findings:
    """What a check has found so far, and what it saw on its way.

    Attributes
    ----------
    wrong : list of Finding
    remarks : list of Finding
        What a reviewer should know, and what is a failure under `--strict`.
    facts : dict
        What was seen, for the screen and as JSON.
    """

    wrong: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, kind: Kind, text: str) -> None:
        """Note a failure."""
        finding = Finding(kind, shown(text))
        if finding not in self.wrong:
            self.wrong.append(finding)

    def remark(self, text: str, kind: Kind = Kind.REMARK) -> None:
        """Note what is no failure by itself."""
        finding = Finding(kind, shown(text))
        if finding not in self.remarks:
            self.remarks.append(finding)

    def made_strict(self) -> Findings:
        """Give the same with remarks as failures."""
        return Findings([*self.wrong, *self.remarks], [], self.facts)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def kind(self) -> Kind | None:
        """The class that the exit code tells: the first in the order of :class:`Kind`."""
        return min((finding.kind for finding in self.wrong), default=None)

    @property
    def exit_code(self) -> int:
        """0 when nothing is wrong."""
        return 0 if self.kind is None else int(self.kind)


def shown(text: str, longest: int = 600) -> str:
    """Make a text that came from a file harmless: no line breaks, no control characters, not endless."""
    clean = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return clean if len(clean) <= longest else f"{clean[:longest]} …"
