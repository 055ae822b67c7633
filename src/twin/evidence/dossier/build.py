"""Computes the sections of a dossier from a run, its log and runs like it."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.numbers import numbers
from twin.config.reading import read_text
from twin.errors import TwinError
from twin.evidence import software
from twin.evidence.chain import Chain, log_of, read
from twin.evidence.dossier import cases
from twin.evidence.dossier.crosswalk import CROSSWALK
from twin.evidence.dossier.gates import NO, NOT, PARTLY, YES, conclude
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.plan import Plan, PlanProblem
from twin.evidence.dossier.quantities import Origin, evaluate, inside
from twin.evidence.dossier.refine import Again
from twin.evidence.findings import Findings
from twin.evidence.rerun import rerun
from twin.evidence.verify import verify
from twin.flowsheet.sheet import read_sheet
from twin.flowsheet.svg import draw
from twin.results.kpi import Flows, quality_of, read_kpi
from twin.results.reader import Run, open_run

SCHEMA = "twin dossier 1"
REGISTERED = "plan.registered"
#: Samples below which an interval is not believed.
ENOUGH = 30
#: Part of the time that product leaves a plant that is called continuous.
CONTINUOUS = 0.25
_INVENTED = re.compile(r"[-+\d.e]+…|\binvented\b|\bassumed\b")


def build(plan: Plan, path: Path, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Compute a dossier.

    Parameters
    ----------
    plan : Plan
    path : Path
        A finished run, in the folder of its log.
    say : callable
        Told what is being run again.

    Returns
    -------
    dict
        `sections`, `conclusion`, `quantities` (with what the verifier reads again), `origins`: ready for JSON.
    """
    return _Builder(plan, path, say).all()


class _Builder:
    def __init__(self, plan: Plan, path: Path, say: Callable[[str], None]) -> None:
        self.plan, self.path, self.say = plan, path, say
        self.run: Run = open_run(path)
        if not self.run.complete:
            raise PlanProblem(f"{path} has not been finished: there is no dossier of it")
        self.origins: list[dict[str, str]] = []
        self.sections: dict[str, Section] = {}
        self.chain = _chain(path)
        self.run_id = str(self.run.provenance["session"].get("run_id", ""))
        self.quantities: list[tuple[Any, Origin, float]] = []
        self.missing: list[str] = []
        self.final = True
        for quantity in plan.quantities:
            try:
                origin = self._origin(quantity.tag, quantity.statistic, quantity.start, quantity.end)
                with self.run.opened() as file:
                    self.quantities.append((quantity, origin, evaluate(file, origin)))
            except (TwinError, ValueError, KeyError) as error:
                self.missing.append(f"{quantity.name}: {str(error).splitlines()[0]}")
        self.again = Again(self.run, [origin for _, origin, _ in self.quantities], say)

    def all(self) -> dict[str, Any]:
        for method in (
            self._identity, self._question, self._context, self._risk, self._credibility, self._plant, self._parameters,
            self._inputs, self._code, self._calculation, self._calibration, self._validation, self._uncertainty,
            self._applicability, self._residence, self._diversion, self._control, self._deviations, self._provenance,
            self._integrity, self._signatures, self._reproduction,
        ):  # fmt: skip
            method()
        states = {name: section.state for name, section in self.sections.items()}
        conclusion = conclude(states, self.plan.risk_number)
        self._conclude(conclusion)
        self._crosswalk()
        return {
            "schema": SCHEMA,
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
            "sections": {name: self.sections[name].as_dict() for name in sorted(self.sections, key=_number)},
            "flowsheet": self.flowsheet,
            "origins": self.origins,
        }  # fmt: skip

    def _section(self, name: str) -> Section:
        section = self.sections[name] = Section(name, self.origins, self.path.name)
        return section

    def _origin(self, tag: str, statistic: str, start: float | None, end: float | None) -> Origin:
        found, element = self.run.find(tag)
        return Origin(found.path, element, statistic, start, end)

    # D1 to D5: what people said, and when

    def _identity(self) -> None:
        s = self._section("D1")
        s.fact("id", self.plan.id)
        for label, name in (("scenario", "scenario"), ("plant", "plant"), ("content_hash", "content_hash")):
            s.fact(label, str(self.run.attrs[name]))
        s.fact("run_id", self.run_id)
        s.fact("plan_hash", self.plan.hash)

    def _question(self) -> None:
        s = self._section("D2")
        s.fact("question", self.plan.question)
        if not self.plan.question.strip():
            s.is_(NO, "blanks", names=["question"])
        self._registered(s)

    def _registered(self, s: Section) -> None:
        planned = [e for e in self.chain.of(REGISTERED) if e.object.get("plan_hash") == self.plan.hash]
        started = [e for e in self.chain.of("run.started") if e.object.get("run_id") == self.run_id]
        if started:
            s.fact("started", started[0].utc)
        if not planned or not started:
            s.is_(PARTLY, "not_registered")
            self.final = False
        elif planned[0].seq > started[0].seq:
            s.fact("registered", planned[0].utc)
            s.is_(PARTLY, "registered_late")
            self.final = False
        else:
            s.fact("registered", planned[0].utc)
            s.is_(YES, "plan_before")

    def _context(self) -> None:
        s, context = self._section("D3"), self.plan.context
        for name in ("role", "users", "other_evidence"):
            s.fact(name, str(context.get(name) or ""))
        blank = [name for name in self.plan.blanks() if name.startswith(("context", "quantities"))]
        if blank:
            s.is_(NO, "blanks", names=blank)
            self.final = False
        if not self.quantities:
            s.is_(NO, "no_quantity")
        for why in self.missing:
            name, _, text = why.partition(": ")
            s.is_(NO, "quantity_missing", name=name, why=text)
        rows = []
        for q, origin, value in self.quantities:
            unit = self.run.unit(q.tag)
            cell = s.cell(value, origin.formula(), origin.dataset)
            rows.append([q.name, q.tag, cell, unit, _text(q.low), _text(q.high), q.relevance])
        s.table(("name", "tag", "value", "unit", "low", "high", "rationale"), rows)

    def _risk(self) -> None:
        s = self._section("D4")
        for name in ("influence", "consequence"):
            s.facts.append([name, {"k": f"{self.plan.risk[name]}_grade"}])
        s.fact("rationale", self.plan.risk["rationale"])
        s.fact("risk", self.plan.risk_number, "grade of influence + grade of consequence + 1, grades from 0")
        s.facts.append(["risk_class", {"k": f"{self.plan.risk_class}_grade"}])
        if not self.plan.risk["rationale"].strip():
            s.is_(NO, "blanks", names=["risk.rationale"])
            self.final = False

    def _credibility(self) -> None:
        s = self._section("D5")
        for name, value in self.plan.criteria.items():
            s.facts.append([name if name in ("tolerance", "grid", "balance") else "cross", _text(value)])
        self._registered(s)

    # D6 to D8: what was run

    def _plant(self) -> None:
        s = self._section("D6")
        plain = read_text(self.run.plant_yaml, "plant").plain()
        resolved = read_text(self.run.resolved_yaml, "resolved").plain()
        units = plain.get("units") if isinstance(plain.get("units"), dict) else resolved["plant"]["units"]
        from twin.plant_pages import stream_of_port

        self.models = {name: str(unit.get("model", "")) for name, unit in resolved["plant"]["units"].items()}
        self.flowsheet = draw(
            read_sheet(plain if "units" in plain else resolved["plant"], stream_of_port), self.plan.title
        )
        s.fact("units_counted", len(units), "units of the plant's file")
        s.fact("feeds", ", ".join(resolved["plant"].get("feeds") or {}))
        s.fact("products", ", ".join(_products(resolved["plant"].get("products"))))
        self.continuous = _continuous(self.run)
        s.facts.append(["mode", {"k": "continuous" if self.continuous else "batch"}])
        s.fact("events", len(self.run.events), "rows of /events", "/events")
        s.table(("name", "model"), sorted(self.models.items()))
        s.is_(YES, "computed")

    def _parameters(self) -> None:
        s = self._section("D7")
        tree = read_text(self.run.plant_yaml, "plant")
        rows, assumed, bare = [], 0, 0
        for number in numbers(tree):
            if number.path[0] == "twin" or "position" in number.path:
                continue
            words = " ".join([number.source, *(comment.text for comment in number.above)]).strip()
            invented = bool(_INVENTED.search(words))
            assumed += invented
            bare += not words
            rows.append([".".join(number.path), number.text, words])
        formula = "numbers of /configuration/plant"
        s.fact("parameters", len(rows), formula, "/configuration/plant")
        s.fact("assumed", assumed, f"{formula} whose comment says so", "/configuration/plant")
        s.fact("unsourced", bare, f"{formula} without a comment", "/configuration/plant")
        s.fact("hash", str(self.run.provenance["model_fingerprint"]))
        s.table(("name", "value", "source"), rows)
        if assumed or bare:
            s.is_(PARTLY, "assumed_many", count=assumed, total=len(rows), unsourced=bare)
        else:
            s.is_(YES, "all_sourced")

    def _inputs(self) -> None:
        from twin.config import resolved_yaml
        from twin.config.scenario import build_scenario
        from twin.evidence.register import text_hash

        s = self._section("D8")
        texts = {
            "plant": self.run.plant_yaml,
            "scenario": self.run.scenario_yaml,
            "resolved": self.run.resolved_yaml,
        }
        s.table(("name", "hash"), [[f"/configuration/{name}", text_hash(text)] for name, text in texts.items()])
        spec = build_scenario(read_text(texts["resolved"], "resolved"), None, "run")
        same = resolved_yaml(spec) == texts["resolved"]
        s.is_(YES if same else NO, "config_same" if same else "config_apart")

    # D9, D10: verification

    def _code(self) -> None:
        s, known = self._section("D9"), cases.stored()
        rows, without, part = [], [], []
        for model in sorted(set(self.models.values())):
            files = known["models"].get(model, {})
            if not files:
                without.append(model)
                rows.append([model, {"k": "none"}, "", "", ""])
            elif "whole" not in files.values():
                part.append(model)
            for file, how in sorted(files.items(), key=lambda item: item[1] != "whole"):
                for case in known["files"][file]["cases"]:
                    formula = f"largest relative error of {case['numbers']} numbers in tests/verification/{file}"
                    order = s.cell(case["order"], f"smallest observed order in {file}") if "order" in case else ""
                    name = case["case"] if how == "whole" else f"({case['case']})"
                    rows.append([model, name, case["source"], s.cell(case["error"], formula), order])
        s.table(("model", "case", "source", "error", "order"), rows)
        if without:
            s.is_(NO if len(without) == len(set(self.models.values())) else PARTLY, "uncovered", names=without)
        if part:
            s.is_(PARTLY, "covered_in_part", names=part)
        if not without and not part:
            s.is_(YES, "covered")

    def _calculation(self) -> None:
        s, limits = self._section("D10"), self.plan.criteria
        if self.run.outcome != "finished":
            s.is_(NO, "outcome_bad", text=self.run.outcome_message)
        if self.run.alarms:
            s.is_(PARTLY, "alarmed", count=len(self.run.alarms))
        self._balances(s, limits["balance"])
        if not self.quantities:
            s.is_(NO, "no_quantity")
            return
        for what, found, limit in (
            ("tolerance", self.again.tighter(), limits["tolerance"]),
            ("grid", self.again.finer(), limits["grid"]),
            ("cross", self.again.crossed(), limits["cross_check"]),
        ):
            if found.get("none"):
                s.is_(YES, "grid_none")
            elif found["values"] is None:
                s.is_(PARTLY, "again_failed", what=what, why=found["why"])
            else:
                self._compared(s, what, found["values"], limit)

    def _compared(self, s: Section, what: str, values: list[float], limit: float) -> None:
        rows, bad, worst = [], [], 0.0
        for (q, origin, value), other in zip(self.quantities, values, strict=True):
            gap = abs(other - value) / (max(abs(value), abs(other)) or 1.0)
            worst = max(worst, gap)
            if not gap <= limit:
                bad.append(q.name)
            formula = f"{origin.formula()} of the run with: {what}"
            cells = [s.cell(value, origin.formula(), origin.dataset), s.cell(other, formula, origin.dataset)]
            cells.append(s.cell(gap, "|difference| / larger magnitude of both"))
            rows.append([q.name, *cells, _text(limit), s.cell(gap <= limit)])
        s.table(("name", "value", what, "difference", "criterion", "met"), rows, what)
        if bad:
            s.is_(NO, f"{what}_bad", names=bad, worst=worst, limit=limit)
        else:
            s.is_(YES, f"{what}_ok", limit=limit)

    def _balances(self, s: Section, limit: float) -> None:
        rows = []
        for balance in self.run.balances.all:
            closure = float(balance.measures["relative"])
            if np.isfinite(closure):
                met = s.cell(closure <= limit)
                rows.append([balance.name, s.cell(closure, "residual / throughput", "/balances"), _text(limit), met])
        s.table(("balance", "closure", "criterion", "met"), rows, "balance")
        worst = self.run.balances.worst
        closure = float(worst.measures["relative"])
        if closure <= limit:
            s.is_(YES, "balances_ok", limit=limit)
        else:
            s.is_(NO, "balances_bad", name=worst.name, worst=closure, limit=limit)

    # D11 to D14: model against the world

    def _calibration(self) -> None:
        self._section("D11").is_(NOT, "no_calibration")

    def _validation(self) -> None:
        s, given = self._section("D12"), self.plan.validation
        if not given.get("data"):
            s.is_(NO, "not_performed")
            return
        from twin.compare_data import compare_with_data, read_data
        from twin.compare_map import read_map

        folder = Path(str(given.get("folder", "")))
        columns = read_map(folder / str(given["map"]), self.run)
        found = compare_with_data(self.run, read_data(folder / str(given["data"]), columns), columns).summary()
        s.fact("source", str(given.get("source") or ""))
        limits, rows, undeclared = given.get("rmse") or {}, [], []
        for row in found["tags"]:
            cells = [s.cell(row[key], f"{key} of run minus data", row["tag"]) for key in ("bias", "rmse", "largest")]
            rows.append([row["tag"], row["unit"], str(row["n"]), *cells, _text(limits.get(row["tag"]))])
            if row["tag"] not in limits:
                undeclared.append(row["tag"])
            elif row["rmse"] is None or row["rmse"] > float(limits[row["tag"]]):
                s.is_(NO, "rmse_bad", name=row["tag"], got=row["rmse"], limit=float(limits[row["tag"]]))
        s.table(("tag", "unit", "samples", "bias", "rmse", "largest", "criterion"), rows)
        if undeclared:
            s.is_(PARTLY, "rmse_undeclared", names=undeclared)
        if not str(given.get("source") or "").strip():
            s.is_(NO, "validated_unstated")
        if self.plan.risk_class == "high" and given.get("external") is not True:
            s.is_(PARTLY, "external_no")
        if s.state == YES:
            s.is_(YES, "rmse_ok")

    def _uncertainty(self) -> None:
        s, given = self._section("D13"), self.plan.uncertainty
        if not given.get("inputs") or not self.quantities:
            s.is_(NO, "uq_none")
            return
        rows = [[str(row["path"]), _text(row["low"]), _text(row["high"])] for row in given["inputs"]]
        s.table(("name", "low", "high"), rows)
        found = self.again.sampled(given)
        values = np.array(found["values"], dtype=float).reshape(-1, len(self.quantities))
        seed = int(given.get("seed", 0))
        s.is_(YES, "uq_done", count=len(values), seed=seed)
        if len(values) < ENOUGH:
            s.is_(PARTLY, "uq_few", count=len(values))
        if found["failed"]:
            s.is_(PARTLY, "uq_failed", count=found["failed"], why=found["why"])
        table = []
        for (q, origin, _), column in zip(self.quantities, values.T, strict=True):
            if not column.size:
                continue
            low, high = np.quantile(column, [0.025, 0.975])
            beyond = _beyond(column, q.low, q.high)
            of = f"of {origin.formula()} over {len(column)} samples, seed {seed}"
            error = s.cell(
                float(column.std(ddof=1) / len(column) ** 0.5) if len(column) > 1 else None, f"standard error {of}"
            )
            ends = [s.cell(float(v), f"{p} % quantile {of}") for v, p in ((low, 2.5), (high, 97.5))]
            out, up_to = beyond
            shown = "" if out is None else s.cell(out, f"part beyond the limits {of}")
            table.append([q.name, s.cell(float(column.mean()), f"mean {of}"), error, *ends, shown, up_to])
        s.table(("name", "value", "standard_error", "low", "high", "outside", "interval"), table)

    def _applicability(self) -> None:
        s, rows = self._section("D14"), []
        envelope = self.plan.context.get("envelope") or []
        if not envelope:
            s.is_(NO, "no_envelope")
        outside = False
        for row in envelope:
            try:
                origin = self._origin(str(row["tag"]), "final", None, None)
                with self.run.opened() as file:
                    part, least, most = inside(
                        file, origin.dataset, origin.element, float(row["low"]), float(row["high"])
                    )
            except (TwinError, ValueError, KeyError, TypeError) as error:
                s.is_(NO, "quantity_missing", name=str(row.get("tag")), why=str(error).splitlines()[0])
                continue
            cells = [s.cell(v, f"{name} over the run", origin.dataset) for v, name in ((least, "min"), (most, "max"))]
            share = s.cell(part, "part of the recorded rows within", origin.dataset)
            rows.append([str(row["tag"]), _text(row["low"]), _text(row["high"]), *cells, share])
            if part < 1.0:
                outside = True
                s.is_(
                    NO if self.plan.risk_class == "high" else PARTLY,
                    "extrapolated",
                    tag=str(row["tag"]),
                    part=1.0 - part,
                )
        s.table(("tag", "low", "high", "seen", "seen", "inside"), rows)
        if envelope and not outside:
            s.is_(YES, "inside_all")
        if not self.plan.validation.get("data"):
            s.is_(PARTLY, "no_domain")

    # D15 to D18: the process in time

    def _residence(self) -> None:
        self._section("D15").is_(NO, "no_rtd")

    def _diversion(self) -> None:
        s = self._section("D16")
        if self.continuous:
            s.is_(NO, "no_diversion")
        else:
            s.is_(NOT, "not_continuous")
        rows = [
            [_clock(e.time), e.kind, e.path, e.cause]
            for e in self.run.events
            if "fault" in e.kind or "fault" in e.cause
        ]
        s.table(("time", "kind", "tag", "text"), rows)

    def _control(self) -> None:
        s = self._section("D17")
        kpi, flows = read_kpi(self.run), Flows(self.run)
        rows, kept = [], True
        for limits in self.run.quality:
            row = quality_of(self.run, kpi, flows, limits)
            if row.get("mean") is None:
                continue
            of = f"moving average over {row['average_s']:g} s while product leaves"
            cells = [
                s.cell(row[name], f"{name} of the {of}", limits.tag)
                for name in ("mean", "min", "max", "inside", "excursions")
            ]
            rows.append(
                [limits.tag, row["unit"], _text(row["low"]), _text(row["high"]), f"{row['average_s']:g} s", *cells]
            )
            if row["inside"] < 1.0:
                kept = False
                s.is_(PARTLY, "out_of_control", tag=limits.tag, part=float(row["inside"]))
        columns = ("tag", "unit", "low", "high", "average", "value", "low", "high", "inside", "excursions")
        s.table(columns, rows)
        if not rows:
            s.is_(PARTLY, "no_limits")
        elif kept:
            s.is_(YES, "in_control")

    def _deviations(self) -> None:
        s = self._section("D18")
        if not self.chain.entries:
            s.is_(PARTLY, "alone")
            return
        if self.chain.broken:
            s.is_(NO, "log_broken", why=self.chain.broken)
        rows, bad = [], 0
        ends = {e.object.get("run_id"): e for e in self.chain.of("run.ended", "run.aborted")}
        started = self.chain.of("run.started")
        for entry in started:
            end = ends.get(entry.object.get("run_id"))
            outcome = "no end" if end is None else str(end.object.get("outcome", end.object.get("why", "aborted")))
            bad += outcome != "finished"
            rows.append([entry.utc, str(entry.object.get("file")), str(entry.object.get("scenario", "")), outcome])
        s.table(("time", "run", "scenario", "outcome"), rows)
        s.is_(YES, "all_listed", count=len(started), bad=bad)
        notes = [[e.utc, str(e.object.get("text", ""))] for e in self.chain.of("note")]
        s.table(("time", "text"), notes)
        alarms = [[_clock(row.time), row.text] for row in self.run.alarms]
        s.table(("time", "text"), alarms)

    # D19 to D22: what made it, and whether it holds

    def _provenance(self) -> None:
        s = self._section("D19")
        commit, dirty = software.commit()
        s.fact("commit", commit)
        s.fact("dirty", dirty)
        s.fact("software", software.fingerprint())
        provenance = self.run.provenance
        s.fact("seed", int(provenance["seed"]), "seed of the scenario", "/provenance")
        s.fact("machine", f"{provenance['system']} {provenance['machine']}, {provenance['byteorder']}-endian")
        rows = [["python", str(provenance["python"])], ["hdf5", str(provenance["hdf5"])]]
        s.table(("name", "value"), [*rows, *([n, str(v)] for n, v in sorted(provenance["versions"].items()))])
        started = [e for e in self.chain.of("run.started") if e.object.get("run_id") == self.run_id]
        if started and started[0].object.get("software") != software.fingerprint():
            s.is_(PARTLY, "software_apart")
            self.final = False
        if dirty:
            s.is_(PARTLY, "dirty_tree")
            self.final = False
        else:
            s.is_(YES, "clean" if commit else "no_commit")

    def _integrity(self) -> None:
        s = self._section("D20")
        self.verified = verify(self.path)
        s.fact("head", self.chain.head)
        s.fact("entries", len(self.chain.entries), "lines of audit.jsonl")
        s.fact("sealed", str(self.verified.facts.get("final") or ""))
        if self.verified.wrong:
            s.is_(NO, "verified_not", text=self.verified.wrong[0].text)
        else:
            s.is_(YES, "verified")
        if not self.verified.facts.get("final"):
            s.is_(PARTLY, "not_final")
            self.final = False

    def _signatures(self) -> None:
        s, lines = self._section("D21"), list(self.verified.facts.get("signatures", []))
        s.table(("text",), [[line] for line in lines])
        if not any(line.startswith("author") for line in lines):
            s.is_(NO, "unsigned")
            self.final = False
        else:
            s.is_(YES, "signed", names=[line.split(",")[0] for line in lines])
            if len(lines) < 2:
                s.is_(
                    NO if self.plan.risk_class == "high" else PARTLY if self.plan.risk_class == "medium" else YES,
                    "one_signature",
                )

    def _reproduction(self) -> None:
        s, findings = self._section("D22"), Findings()
        self.say("the same run again")
        if not self.verified.wrong:
            rerun(self.path, findings)
        s.fact("command", "twin verify BUNDLE --rerun")
        s.fact("content_hash", str(self.run.attrs["content_hash"]))
        s.fact("machine", f"{platform.system()} {platform.machine()}")
        if self.verified.wrong:
            s.is_(NO, "verified_not", text=self.verified.wrong[0].text)
        elif findings.wrong:
            s.is_(PARTLY, "other_bits", text=findings.wrong[0].text)
        else:
            s.is_(YES, "same_bits")

    def _conclude(self, conclusion: dict[str, Any]) -> None:
        s = self._section("D23")
        s.state = YES if conclusion["adequate"] else NO
        risk = conclusion["risk_class"]
        s.why.append({"key": "adequate"} if conclusion["adequate"] else {"key": "inadequate", "risk": f"{risk}_grade"})
        for name in conclusion["failing"]:
            s.why.append({"key": "gate", "section": f"{name}", "state": self.sections[name].state})
        s.why.append({"key": "weakest"})
        rows = []
        for row in conclusion["factors"]:
            met = {"k": "yes" if row["met"] else "no"}
            rows.append([row["factor"], {"k": row["goal"]}, {"k": row["achieved"]}, met, ", ".join(row["from"])])
        s.table(("factor", "goal", "achieved", "met", "section"), rows)

    def _crosswalk(self) -> None:
        s = self._section("D24")
        s.why.append({"key": "crosswalk_note"})
        s.table(("section", "asks"), [[name, "; ".join(texts)] for name, texts in CROSSWALK.items()])


def _number(name: str) -> int:
    return int(name[1:])


def _chain(path: Path) -> Chain:
    try:
        return read(log_of(path.parent))
    except FileNotFoundError:
        return Chain()


def _continuous(run: Run) -> bool:
    """Whether product leaves the plant in a good part of the time."""
    flows = Flows(run)
    parts = [float(np.mean(np.diff(mass) > 0.0)) for mass in flows.mass.values() if len(mass) > 1]
    return max(parts, default=0.0) > CONTINUOUS


def _products(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | dict) else []


def _beyond(column: np.ndarray, low: float | None, high: float | None) -> tuple[float | None, str]:
    """Part of the samples beyond the limits, and Wilson's 95 % interval of it."""
    if low is None and high is None:
        return None, ""
    out = (column < (-np.inf if low is None else low)) | (column > (np.inf if high is None else high))
    n, p, z = len(column), float(out.mean()), 1.959963984540054
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return p, f"{max(0.0, centre - half):.3g} … {min(1.0, centre + half):.3g}"


def _text(value: Any) -> str:
    return "" if value is None else f"{float(value):g}"


def _clock(seconds: float) -> str:
    return f"{seconds:g} s"
