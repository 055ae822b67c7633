"""What all sections of a dossier are made from: plan, run, log, quantities, and runs like it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import TwinError
from twin.evidence.chain import chain_beside
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.plan import Plan, PlanProblem, Quantity
from twin.evidence.dossier.quantities import Origin, evaluate
from twin.evidence.dossier.refine import Again
from twin.evidence.findings import Findings
from twin.evidence.verify import verify
from twin.results.reader import Run, open_run

if TYPE_CHECKING:
    from twin.trace.assess import Diversion
    from twin.trace.tracing import Trace


class Work:
    """A dossier under construction: sections are added by the functions of the modules beside this one.

    Parameters
    ----------
    plan : Plan
    path : Path
        A finished run, in the folder of its log.
    say : callable
        Told what is being run again.

    Attributes
    ----------
    quantities : list of (Quantity, Origin, float)
        Those that the run has; why others are missing is in `missing`.
    final : bool
        Whether nothing yet keeps the dossier a draft.
    """

    def __init__(self, plan: Plan, path: Path, say: Callable[[str], None]) -> None:
        self.plan, self.path, self.say = plan, path, say
        self.run: Run = open_run(path)
        if not self.run.complete:
            raise PlanProblem(f"{path} has not been finished: there is no dossier of it")
        self.origins: list[dict[str, str]] = []
        self.sections: dict[str, Section] = {}
        self.chain = chain_beside(path)
        self.run_id = str(self.run.provenance["session"].get("run_id", ""))
        self.quantities: list[tuple[Quantity, Origin, float]] = []
        self.missing: list[str] = []
        self.final = True
        self.models: dict[str, str] = {}
        self.flowsheet = ""
        self.continuous = False
        for quantity in plan.quantities:
            try:
                origin = self.origin(quantity.tag, quantity.statistic, quantity.start, quantity.end)
                with self.run.opened() as file:
                    self.quantities.append((quantity, origin, evaluate(file, origin)))
            except (TwinError, ValueError, KeyError) as error:
                self.missing.append(f"{quantity.name}: {str(error).splitlines()[0]}")
        self.again = Again(self.run, [origin for _, origin, _ in self.quantities], say)

    def section(self, name: str) -> Section:
        """Begin a section."""
        section = self.sections[name] = Section(name, self.origins, self.path.name)
        return section

    def origin(self, tag: str, statistic: str, start: float | None, end: float | None) -> Origin:
        """Find the variable of a tag."""
        found, element = self.run.find(tag)
        return Origin(found.path, element, statistic, start, end)

    @cached_property
    def verified(self) -> Findings:
        """What `twin verify` finds of the run."""
        return verify(self.path)

    @cached_property
    def traced(self) -> Trace | str:
        """The run traced, or why it cannot be."""
        from twin.trace.tracing import COMPONENTS, trace

        self.say("the run traced: residence times, lots")
        try:
            of = str(self.plan.trace.get("of", COMPONENTS))
            return trace(self.path, of=of, write=False)
        except TwinError as error:
            return str(error).splitlines()[0]

    @cached_property
    def diverted(self) -> Diversion | str | None:
        """The plan's rule designed and judged on the run, or why it cannot be; None without a rule."""
        from twin.trace.assess import divert

        if self.plan.rule is None or isinstance(self.traced, str):
            return self.traced if isinstance(self.traced, str) else None
        try:
            return divert(self.traced, self.run, self.plan.rule)
        except TwinError as error:
            return str(error).splitlines()[0]

    def as_dict(self, conclusion: dict[str, Any]) -> dict[str, Any]:
        """For JSON."""
        return {
            "id": self.plan.id,
            "title": self.plan.title,
            "status": "final" if self.final else "draft",
            "file": self.path.name,
            "plan_hash": self.plan.hash,
            "run_id": self.run_id,
            "content_hash": str(self.run.attrs["content_hash"]),
            "conclusion": conclusion,
            "quantities": [
                {"name": q.name, "unit": self.run.unit(q.tag), "value": value, **origin.as_dict()}
                for q, origin, value in self.quantities
            ],
            "sections": {
                name: self.sections[name].as_dict() for name in sorted(self.sections, key=lambda name: int(name[1:]))
            },
            "flowsheet": self.flowsheet,
            "origins": self.origins,
        }
