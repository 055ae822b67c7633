"""What the site adds to the pages of this folder: a Sphinx extension."""

from __future__ import annotations

import base64
import io
import json
import re
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser

from twin.markdown import cell

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CASES = ROOT / "src" / "twin" / "evidence" / "dossier" / "cases.json"
RESPONSES = DOCS / "models" / "responses.json"
_CODE = re.compile(r"(?<![`:\w])`([^`]+)`(?![`_])")
_README = re.compile(r"\[([^\]]+)\]\(\.\./README\.md\)")
#: The tree of pages: heading -> pages, as patterns.
TREE: dict[str, tuple[str, ...]] = {
    "Tutorials": ("getting_started", "tutorials/*", "notebooks/*"),
    "Guides": (
        "schedules", "steady_states", "control", "prediction", "monitoring", "linearisation_and_tuning", "studies",
        "analysis", "forking_and_comparing", "traceability", "evidence", "qualification", "dossier", "dashboard",
        "new_unit", "releasing",
    ),
    "Reference": ("models/index", "plants/index", "yaml_reference", "file_format", "api/index", "dependencies"),
    "Theory and evidence": ("numerics", "theory", "decisions", "verification", "validation/*", "benchmarks"),
}  # fmt: skip
#: Pages whose parts stand below them.
BELOW = {"models/index": "*/*", "plants/index": "*", "api/index": "*"}
#: The API: page -> its heading, what it is for, its modules. What is not here is free to change.
API: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "running": (
        "Running",
        "load, check and run plants and scenarios; resume and fork",
        ("twin.config", "twin.run", "twin.again", "twin.errors"),
    ),
    "reading": (
        "Reading results",
        "open run files, key figures, balances, figures, comparisons",
        ("twin.results.reader", "twin.results.report", "twin.results.kpi", "twin.plot", "twin.compare"),
    ),
    "studies": (
        "Studies",
        "many runs of a scenario, and what to ask of them",
        ("twin.study.notebook", "twin.study.file", "twin.study.analysis.design_space"),
    ),
    "control": (
        "Steady states, linear systems",
        "where a plant rests, and how it answers there",
        (
            "twin.steady.search", "twin.control.linear.linearise", "twin.control.linear.system",
            "twin.control.linear.export",
        ),
    ),
    "tracing": (
        "Residence times, lots, diversion",
        "what is where, since when, and what to divert",
        ("twin.trace.tracing", "twin.trace.rtd", "twin.trace.diversion", "twin.trace.file"),
    ),
    "evidence": (
        "Evidence",
        "the log, signatures and the verifier",
        ("twin.evidence.verify", "twin.evidence.chain", "twin.evidence.signing", "twin.evidence.findings"),
    ),
    "models": (
        "Writing models",
        "what a unit operation may use: annotations, kernels, streams, smooth functions",
        ("twin.quantity", "twin.jit", "unit_ops.streams", "unit_ops.smooth"),
    ),
    "engine": (
        "The engine",
        "the compiled plant and its integrators, for those who drive them from Python",
        (
            "twin.plant.compile", "twin.schedule.simulation", "twin.schedule.actor", "twin.integrate.integrator",
            "twin.integrate.cvode", "twin.integrate.outcome",
        ),
    ),
}  # fmt: skip


def toctree(entries: tuple[str, ...], caption: str = "") -> str:
    told = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n:glob:\n:maxdepth: 1\n{told}\n" + "\n".join(entries) + "\n```\n"


def write_api(folder: Path) -> None:
    """A page a group, written only where it has changed, so that a second build is quick."""
    rows = [f"| [{heading}]({name}.md) | {what} |" for name, (heading, what, _) in API.items()]
    lines = ["# API", "", "From the docstrings. What is not on these pages is internal.", ""]
    texts = {"index": "\n".join([*lines, "| page | what for |", "|---|---|", *rows]) + "\n"}
    for name, (heading, what, modules) in API.items():
        text = [f"# {heading}", "", f"{what[0].upper()}{what[1:]}.", ""]
        for module in modules:
            text += [f"## {module}", "", f"```{{eval-rst}}\n.. automodule:: {module}\n```", ""]
        texts[name] = "\n".join(text)
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def as_rest(app: Any, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Docstrings mark code as Markdown does, and show examples by indenting them."""
    text = _CODE.sub(r"``\1``", "\n".join(lines)).replace("|", "\\|")
    if what == "module":
        first, *others = text.split("\n\n")
        shown = [first]
        for block in others:
            rows = block.split("\n")
            literal = any(row.startswith(" ") and not before.startswith(("- ", " ")) for before, row in pairwise(rows))
            literal = literal or rows[0].startswith(" ") or " = " in rows[0]
            shown.append("::\n\n" + "\n".join(f"    {row}" for row in rows) if literal else block)
        text = "\n\n".join(shown)
    lines[:] = text.split("\n")


def added(app: Any, docname: str, source: list[str]) -> None:
    """What the site adds to a page when it is read; the README is not part of it."""
    source[0] = _README.sub(r"\1", source[0])
    if docname == "index":
        listed = {page for pages in TREE.values() for page in pages}
        others = tuple(sorted({path.stem for path in DOCS.glob("*.md")} - listed - {"index"}))
        tree = {**TREE, "Guides": (*TREE["Guides"], *others)}
        source[0] += "".join(toctree(pages, caption) for caption, pages in tree.items())
    elif docname in BELOW:
        source[0] += toctree((BELOW[docname],))
    elif docname.startswith("models/"):
        source[0] += of_model(docname.removeprefix("models/").replace("/", "."))


def of_model(name: str) -> str:
    """What the site adds to a model's page: the published numbers that it was held to, and how it moves."""
    return f"\n{verified(name)}\n{moving(name)}"


def verified(name: str) -> str:
    """Table of the verification cases that speak for a model, from the tests that name it."""
    told = json.loads(CASES.read_text(encoding="utf-8"))
    rows = [
        f"| {cell(case['case'])} | {cell(case['source'])} | {case['numbers']} | {case['error']:.1e} "
        f"| {case.get('order', '')} | {'this model' if how == 'whole' else 'modules that it is built on'} |"
        for file, how in told["models"].get(name, {}).items()
        for case in told["files"][file]["cases"]
    ]
    lines = ["## Verification", ""]
    lines += [
        "Numbers of the literature and of closed forms, as the tests recompute them ([all](../../verification.md)).",
        "",
    ]
    lines += ["| case | source | numbers | largest error | least order | speaks for |", "|---|---|---:|---:|---:|---|"]
    return "\n".join([*lines, *rows]) + "\n"


def moving(name: str) -> str:
    """Figure of a model at work, from the stored series."""
    told = json.loads(RESPONSES.read_text(encoding="utf-8"))[name]
    picture = base64.b64encode(drawn(told)).decode()
    caption = f"`{told['unit']}` in {told['scenario']}: {', '.join(row['name'] for row in told['series'])}"
    # as HTML: links to SVG data are refused in Markdown
    image = f'<img alt="{escape(caption.replace("`", ""))}" src="data:image/svg+xml;base64,{picture}">'
    return f"## Response\n\n{image}\n\n{caption}.\n"


def drawn(told: dict[str, Any]) -> bytes:
    """A panel a unit of measure, as SVG."""
    from matplotlib.figure import Figure

    panels: dict[str, list[dict[str, Any]]] = {}
    for row in told["series"]:
        panels.setdefault(row["unit"], []).append(row)
    span = told["time"][-1] - told["time"][0]
    factor, unit = next((pair for pair in ((3600.0, "h"), (60.0, "min")) if span > 2.0 * pair[0]), (1.0, "s"))
    figure = Figure(figsize=(7.0, 0.6 + 1.7 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), sharex=True, squeeze=False).ravel()
    for axis, (measure, rows) in zip(axes, panels.items(), strict=True):
        for row in rows:
            axis.plot([t / factor for t in told["time"]], row["values"], linewidth=1.4, label=row["name"])
        axis.set_ylabel(f"[{measure}]")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="best")
    axes[-1].set_xlabel(f"time [{unit}]")
    picture = io.BytesIO()
    figure.savefig(picture, format="svg", metadata={"Date": None, "Creator": None})
    return picture.getvalue()


class Notebook(MystParser):
    """Notebooks as pages: text, code, and what was printed or drawn when they were run last."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        super().parse(as_markdown(inputstring), document)


def as_markdown(text: str) -> str:
    """Text of a notebook as Markdown."""
    parts = []
    for part in json.loads(text)["cells"]:
        body = "".join(part["source"])
        if part["cell_type"] == "markdown":
            parts.append(body)
            continue
        parts.append(f"```python\n{body}\n```")
        for output in part["outputs"]:
            if "text" in output:
                parts.append("```text\n" + "".join(output["text"]).rstrip() + "\n```")
            elif "image/png" in output.get("data", {}):
                parts.append(f"![](data:image/png;base64,{''.join(output['data']['image/png']).strip()})")
    return "\n\n".join(parts) + "\n"


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(Notebook)
    app.connect("builder-inited", lambda app: write_api(DOCS / "api"))
    app.connect("source-read", added)
    app.connect("autodoc-process-docstring", as_rest, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
