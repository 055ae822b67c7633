"""The keys of a plant."""

from __future__ import annotations

from twin.config.keys import Key, Section, listed, mapped, text, whole

_POSITION = Key(
    "list", "place in the drawing: to the right, downwards", "", "placed by itself", "[120, 40]", of=("number",)
)
_INITIAL = mapped("initial state, as the model's page lists it", "value", example="{V: 10 L, T: 20 degC}")
_NOMINAL = mapped("sizes of states that replace the model's own, for tolerances", "quantity", example="{m: 0.1 kg}")

PLANT = Section(
    "Plant",
    "A file in `plant_configs/`, or one of your own.",
    {
        "twin": Key("choice", "format of the file", "", "required", "1", choices=("1",)),
        "name": text("short name: letters, digits, _ and -", "that of the file", "my_plant"),
        "title": text("one line for people", "the name", "Two tanks with a recycle"),
        "description": text("what the plant is", "", "All numbers are invented."),
        "fluids": listed(
            "components that are dissolved, liquid or gaseous, in order", "text", example="[ethanol, water]"
        ),
        "solids": listed("components that are solid, in order", "text", example="[paracetamol]"),
        "grids": mapped(
            "size classes, by name; most models ask for `bins`",
            "grid",
            example="{bins: {count: 100, from: 1 um, to: 1 mm}}",
        ),
        "components": mapped(
            "properties that add to the component database or replace it",
            "component",
            example="{ethanol: {cp_liquid: 2.44 kJ/(kg K)}}",
        ),
        "units": mapped("the units, by name", "unit", default="required", example="{tank: {model: piping.tank}}"),
        "feeds": mapped(
            "what enters the plant, by name", "feed", example="{water: {T: 20 degC, m_flow: {water: 1 kg/h}}}"
        ),
        "connections": listed("what flows where", "connection", example="[supply -> tank.feed]"),
        "products": listed("names of what leaves the plant", "text", example="[tablets, filtrate]"),
        "signals": listed("measurements that drive signal inlets", "connection", example="[scale.F -> press.demand]"),
        "controllers": mapped(
            "controllers, by tag",
            "controller",
            example="{TIC-101: {model: pi, measurement: reactor.T_out, output: reactor.T_jacket, setpoint: 80 degC}}",
        ),
        "kpi": Key(
            "section",
            "what the plant makes, for its yield",
            "",
            "none",
            "{api: paracetamol, product: tablets}",
            of=("kpi",),
        ),
    },
)

GRID = Section(
    "Grid",
    "Classes between two lengths, or with edges of your own.",
    {
        "count": whole("number of classes, 1 to 100 000", "required without edges", "200"),
        "from": Key("quantity", "lower edge", "m", "required without edges", "1 um"),
        "to": Key("quantity", "upper edge", "m", "required without edges", "1 mm"),
        "spacing": Key("choice", "of the edges", "", "geometric", "uniform", choices=("geometric", "uniform")),
        "edges": Key("list", "all edges, in place of the others", "m", "", "[1 um, 10 um, 100 um]", of=("quantity",)),
    },
)

#: Keys of a component that are texts; the others are the properties of the database.
COMPONENT = Section(
    "Component",
    "Texts about a component; beside them any property of the component database, as a value or as a mapping that "
    "says where it comes from.",
    {
        "name": text("as people write it", "", "paracetamol"),
        "formula": text("sum formula", "", "C8H9NO2"),
        "CAS": text("registry number", "", "103-90-2"),
        "note": text("anything", "", "melts at 169 degC"),
    },
    free="properties",
)

PROPERTY = Section(
    "Value with its source",
    "A property of a component may be a value alone, or this.",
    {
        "value": Key("quantity", "the value", "the property's", "required", "46.07 g/mol"),
        "source": text("where it comes from", "", "doi:10.1063/1.1461829"),
        "range": Key("any", "where it holds, or what is credible", "", "", "[20 degC, 60 degC]"),
        "invented": Key("any", "says that nobody measured it", "", "", "true"),
    },
)

UNIT = Section(
    "Unit",
    "One unit operation. Parameters, states and ports are those of its model (see the page of the model); a model's "
    "own dimensions (`cells: 40`) and settings (`reactions:`) stand beside these keys.",
    {
        "model": Key("model", "its model, as `twin models` lists them", "", "required", "piping.tank"),
        "label": text("tag in drawings", "the unit's name", "T-101"),
        "position": _POSITION,
        "params": mapped("parameters, and signal inlets that nothing drives", "value", example="{tau: 60 s}"),
        "initial": _INITIAL,
        "nominal": _NOMINAL,
    },
    free="dimensions and settings of the model",
)

CONTROLLER = Section(
    "Controller",
    "Beside these keys stand the parameters and inlets of its model, in the units of what it measures and moves.",
    {
        "model": Key("controller model", "its model", "", "required", "pi"),
        "label": text("tag in drawings", "the controller's name", "TIC-101"),
        "position": _POSITION,
        "initial": _INITIAL,
        "nominal": _NOMINAL,
        "measurement": Key("tag", "what it measures", "", "needed by most", "reactor.T_out"),
        "output": Key("path", "the signal inlet that it drives", "", "needed by most", "reactor.T_jacket"),
    },
    free="parameters and inlets of the model",
)

KPI = Section(
    "Key performance",
    "Names from which a report finds yield and process mass intensity.",
    {
        "api": text("component that is made", "none", "paracetamol"),
        "product": text("product that it leaves in", "required", "tablets"),
        "limiting": text("reactant that the yield is judged on", "none: the API itself is fed", "p_aminophenol"),
        "ratio": Key("quantity", "moles of API that a mole of the reactant can give", "1", "1", "1"),
    },
)

SECTIONS = {
    "plant": PLANT,
    "grid": GRID,
    "component": COMPONENT,
    "property": PROPERTY,
    "unit": UNIT,
    "controller": CONTROLLER,
    "kpi": KPI,
}
