"""Cards and tables of the page of traceability, from what was traced of a run."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard.display import clock, number, shown_unit
from dashboard.speech import say
from dashboard.traces import Traced
from dashboard.widgets import card, graph, notice, scrolled, table

#: Curves drawn at once, names offered at once, rows of a table.
MOST_CURVES, MOST_NAMES, MOST_ROWS = 8, 200, 200


def residences_card(found: Traced, product: str) -> Any:
    options = [
        {"value": str(i), "label": f"{c.label} · {say(c.flow)}" + ("" if c.of == "total" else f" · {c.of}")}
        for i, c in enumerate(found.curves)
    ]
    # first what ends in the product, as it ran
    order = sorted(
        range(len(found.curves)), key=lambda i: (found.curves[i].target != product, found.curves[i].flow != "as run")
    )
    first = [str(i) for i in order[:2]]
    choose = dmc.MultiSelect(
        id="trace-curves",
        data=options,
        value=first,
        searchable=True,
        limit=MOST_NAMES,
        maxValues=MOST_CURVES,
        label=say("From where to where"),
        hidePickedOptions=True,
        style={"flex": 1},
    )
    kind = dmc.SegmentedControl(
        id="trace-kind",
        value="E",
        data=[{"value": "E", "label": say("Density")}, {"value": "F", "label": say("Arrived")}],
        **{"aria-label": say("What is shown")},
    )
    graphs = dmc.Grid(
        [
            dmc.GridCol(graph("trace-residence", style={"height": 400}), span={"base": 12, "lg": 7}),
            dmc.GridCol(graph("trace-funnel", style={"height": 400}), span={"base": 12, "lg": 5}),
        ]
    )
    content = dmc.Stack([dmc.Group([choose, kind], align="flex-end"), graphs, html.Div(id="trace-times")], gap="sm")
    return card(content, title=say("Residence times"))


def times_table(found: Traced, chosen: list[int]) -> Any:
    """Mean, spread and percentiles of curves."""
    rows = []
    for i in chosen:
        c = found.curves[i]
        unit = shown_unit("s", "", c.mean)
        spread = c.variance**0.5 if c.variance >= 0.0 else float("nan")
        shares = [number(c.percentiles.get(p, float("nan")) * unit.factor, 4) for p in (5.0, 50.0, 95.0, 99.0)]
        rows.append(
            (c.label, say(c.flow), clock(c.entered), unit.text, number(c.mean * unit.factor, 4),
             number(spread * unit.factor, 4), number(c.tanks, 3), *shares, f"{number(100.0 * c.arrived, 4)} %")
        )  # fmt: skip
    head = (
        say("way"), say("flows"), say("entered at"), say("unit"), say("mean"), "σ", say("tanks"), "5 %", "50 %", "95 %",
        "99 %", say("arrived"),
    )  # fmt: skip
    return table(head, rows, tuple(range(4, len(head))))


def lots_card(found: Traced) -> Any:
    tables = [
        dmc.GridCol(
            [
                dmc.Select(
                    id=f"trace-{key}",
                    data=names[:MOST_NAMES],
                    value=names[0] if names else None,
                    searchable=True,
                    allowDeselect=False,
                    limit=MOST_NAMES,
                    label=label,
                    nothingFoundMessage=say("No such name"),
                ),
                html.Div(id=f"trace-{key}-table", style={"marginTop": 8}),
            ],
            span={"base": 12, "md": 6},
        )
        for key, names, label in (
            ("vessel", found.vessels, say("What is in a container")),
            ("lot", found.lots, say("Where a lot went")),
        )
        if names
    ]
    parts = [graph("trace-lots", style={"height": 400})] if found.vessels else []
    note = say("Uncertainties are those of every unit's holdup, taken as {part} % of it.",
               part=number(100.0 * float(found.genealogy.get("holdup_uncertainty", 0.0)), 3))  # fmt: skip
    text = dmc.Text(note, size="xs", c="dimmed")
    return card(dmc.Stack([*parts, dmc.Grid(tables, gutter="lg"), text], gap="sm"), title=say("Lots and containers"))


def vessel_table(found: Traced, vessel: str) -> Any:
    """What is in a container, when it was filled, how old it is."""
    i = found.vessels.index(vessel)
    about = found.genealogy
    rows = [
        (lot, number(kg), f"{number(100.0 * share, 4)} ± {number(100.0 * spread, 2)}")
        for lot, kg, share, spread in found.backward(vessel)[:MOST_ROWS]
    ]
    filled = f"{clock(float(about['start'][i]))} – {clock(float(about['end'][i]))}"
    whole = say("full") if about["complete"][i] else say("not full")
    age = f"{clock(float(about['age'][i]))} ± {clock(float(about['age_deviation'][i]))}"
    lines = [(say("filled from {of}", of=about["of"][i]), f"{filled}, {whole}"), (say("mean time in the plant"), age)]
    lines.append((say("lots less what flowed in"), f"{number(100.0 * float(about['unaccounted'][i]), 2)} %"))
    return dmc.Stack(
        [
            scrolled(table((say("lot"), "kg", say("share [%]")), rows, (1, 2)), 420, say("lot")),
            table(("", ""), [*lines, *identifiers(found, vessel)], className="facts"),
        ],
        gap=4,
    )


def identifiers(found: Traced, owner: str) -> list[tuple[str, str]]:
    """Identifiers of a lot or container, and what is wrong with their format."""
    marked = found.identifiers
    rows = zip(*(marked.get(key, ()) for key in ("owner", "kind", "value", "wrong")), strict=True)
    return [(kind, value + (f" ({wrong})" if wrong else "")) for name, kind, value, wrong in rows if name == owner]


def lot_table(found: Traced, lot: str) -> Any:
    """Where a lot went."""
    *inside, out, held = found.forward(lot)
    last = [(say("left in no container"), *out[1:]), (say("still in the plant"), *held[1:])]
    rows = [*inside[:MOST_ROWS], *(row for row in last if row[2] > 1e-9)]
    shown = [(name, number(kg), number(100.0 * share, 4)) for name, kg, share in rows]
    parts = [
        scrolled(
            table((say("container or batch"), "kg", say("share of the lot [%]")), shown, (1, 2)),
            420,
            say("container or batch"),
        )
    ]
    marks = identifiers(found, lot)
    return dmc.Stack([*parts, *([table(("", ""), marks, className="facts")] if marks else [])], gap=4)


def diversion_card(found: Traced, last: float) -> Any:
    """Masses by what was done and what was right, and when the gate was open until the run's last instant [s]."""
    about = found.diversion
    made = float(about["made"])

    def kg(key: str) -> tuple[str, str]:
        part = 100.0 * float(about[key]) / made if made > 0.0 else float("nan")
        return number(float(about[key])), number(part, 3)

    names = (
        ("made", say("made")), ("accepted", say("accepted")), ("diverted", say("diverted")),
        ("missed", say("missed: out of specification, accepted")),
        ("falsely_diverted", say("diverted in vain: conforming")),
    )  # fmt: skip
    masses = table(("", "kg", say("share [%]")), [(label, *kg(key)) for key, label in names], (1, 2))
    openings = [
        (clock(start), clock(end) if end < last else say("the end"), say(reason))
        for start, end, reason in found.openings(last)[:MOST_ROWS]
    ]
    told = scrolled(table((say("open from"), say("to"), say("reason")), openings), 420, say("open from"))
    late = [] if about.get("in_time", 1.0) else [notice(say("The rule is late: readings come after they matter."))]
    columns = [dmc.GridCol(part, span={"base": 12, "md": 6}) for part in (masses, told)]
    return card(
        dmc.Stack([*late, graph("trace-diversion", style={"height": 430}), dmc.Grid(columns, gutter="lg")], gap="sm"),
        title=say("Diverted material"),
    )


def control_card(found: Traced) -> Any:
    about = found.control
    rows = []
    for i, tag in enumerate(about["tag"]):
        ends = (float(about["Cpk_low"][i]), float(about["Cpk_high"][i]))
        rest = float(about["at_rest"][i])
        justified = float(about["justified"][i])
        rows.append(
            (
                tag,
                clock(float(about["interval"][i])),
                clock(justified) if justified == justified else "–",
                clock(rest) if rest == rest else say("never"),
                str(int(about["n"][i])),
                str(int(about["broken"][i])),
                number(float(about["Cpk"][i]), 3),
                f"{number(ends[0], 3)} … {number(ends[1], 3)}",
                number(float(about["Ppk"][i]), 3),
            )
        )
    head = (
        say("attribute"), say("averaged over"), say("justified up to"), say("at rest since"), say("intervals"),
        say("break a rule"), "Cpk", say("95 % of it"), "Ppk",
    )  # fmt: skip
    choose = dmc.Select(
        id="trace-tag",
        data=list(about["tag"]),
        value=about["tag"][0],
        label=say("Attribute"),
        allowDeselect=False,
        w=360,
    )
    parts = [table(head, rows, (4, 5, 6, 7, 8)), choose, graph("trace-chart", style={"height": 400})]
    rows_out = found.deviations
    if rows_out.get("tag"):
        listed = [
            (tag, clock(float(rows_out["start"][i])), clock(float(rows_out["end"][i])),
             number(float(rows_out["peak"][i])), number(float(rows_out["mass"][i])),
             number(float(rows_out["diverted"][i])), say(rows_out["disposition"][i]))
            for i, tag in enumerate(rows_out["tag"][:MOST_ROWS])
        ]  # fmt: skip
        heads = (say("attribute"), say("from"), say("to"), say("furthest out (SI)"), say("made [kg]"),
                 say("diverted [kg]"), say("disposition"))  # fmt: skip
        parts += [dmc.Title(say("Deviations"), order=3, size="h6"), table(heads, listed, (3, 4, 5))]
    return card(dmc.Stack(parts, gap="sm"), title=say("State of control and capability"))
