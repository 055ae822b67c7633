"""From a unit operation's file to one compiled entry with a fixed signature.

The generated module is plain Python beside the cache (readable, named in tracebacks). Its `evaluate`
builds the model's NamedTuples as views of y, p, w and dy at the places that the unit's offset table
gives, calls the model's kernels by argument name, and stores the scalars that they return. Lengths
come from the table, so another grid or another plant recompiles nothing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from twin import jit
from twin.cache import claim
from twin.plant.codes import GUARDS, HOLDUP, IMPULSE, INTEGRAL, INTEGRAND, MEASURE, PORT, RATES, SCAN, SLOPES, TRANSPORT
from twin.plant.model import BOOKING, Model
from twin.quantity import Field, fields

Key = tuple[str, ...]


def holdup_class(model: Model) -> type | None:
    """The NamedTuple that the model's holdup kernel returns: `Holdup` as imported by the module."""
    return getattr(model.module, "Holdup", None) if model.has("holdup") else None


@dataclass
class Slots:
    """Order of the numbers in a unit's offset table."""

    index: dict[Key, int] = field(default_factory=dict)

    def add(self, *key: str) -> None:
        if key not in self.index:
            self.index[key] = len(self.index)

    def __getitem__(self, key: Key) -> str:
        return f"o[{self.index[key]}]"


def base_dim(dim: str) -> tuple[str, int]:
    """Split `cells+1` into its name and what is added; a plain number has no name."""
    if dim.isdigit():
        return "", int(dim)
    name, _, extra = dim.partition("+")
    return name.strip(), int(extra) if extra else 0


def groups(model: Model) -> dict[str, list[tuple[Key, Field]]]:
    """Every stored number of a unit by where it lives: lists of (key, field) in storage order."""
    found: dict[str, list[tuple[Key, Field]]] = {
        "x": [(("x", f.name), f) for f in fields(model.State)],
        "p": [(("p", f.name), f) for f in fields(model.Params)],
        "u": [],
        "a": [(("a", f.name), f) for f in fields(model.Integrals)],
        "o": [],
        "w": [(("w", f.name), f) for f in fields(model.Work)],
        "q": [(("q", f.name), f) for f in fields(model.Quadratures)],
        "m": [(("m", f.name), f) for f in model.measurements],
        "g": [(("g", f.name), f) for f in model.guards],
        "h": [],
        "t": [(("t", f.name), f) for f in fields(model.Transport)],
    }
    for side, ports in (("u", model.inlets), ("o", model.outlets)):
        for port in ports.values():
            found[side] += [((side, port.name, f.name), f) for f in stream_fields(port)]
    holdup = holdup_class(model)
    if holdup is not None:
        found["h"] = [(("h", f.name), f) for f in fields(holdup)]
    return found


def stream_fields(port: Any) -> tuple[Field, ...]:
    """Fields of what flows through a port; a signal's one number has the port's unit and meaning."""
    if port.is_signal:
        return (Field(name="value", kind="float", unit=port.unit, meaning=port.meaning),)
    return fields(port.stream)


def slots(model: Model) -> Slots:
    """Lay out the offset table of a model: sizes, dimensions, then the start of every field."""
    table = Slots()
    table.add("n_y")
    table.add("n_w")
    members = groups(model)
    for entries in members.values():
        for _, f in entries:
            for dim in f.dims:
                name, _ = base_dim(dim)
                if name:
                    table.add("dim", name)
    for kind, entries in members.items():
        for key, _ in entries:
            table.add(*key)
            if kind == "a":
                table.add("b", key[1])
    if model.impulses or model.scan:
        table.add("given")
    return table


class _Writer:
    """Collects the generated source."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.slots = slots(model)
        self.lines: list[str] = []
        self.imports: dict[str, str] = {}

    def put(self, text: str, indent: int = 0) -> None:
        self.lines.append("    " * indent + text)

    def length(self, dim: str) -> str:
        name, extra = base_dim(dim)
        if not name:
            return str(extra)
        text = self.slots[("dim", name)]
        return f"{text} + {extra}" if extra else text

    def read(self, vector: str, key: Key, f: Field) -> str:
        place = self.slots[key]
        if f.kind == "float":
            return f"{vector}[{place}]"
        if f.kind in ("int", "enum"):
            return f"as_int({vector}[{place}])"
        lengths = ", ".join(self.length(d) for d in f.dims)
        return f"view{len(f.dims)}({vector}, {place}, {lengths})"

    def lend(self, vector: str, key: Key, f: Field) -> str:
        return self.read(vector, key, f) if f.kind == "array" else "0.0"

    def stream(self, cls: type) -> str:
        self.imports[cls.__name__] = cls.__module__
        return cls.__name__


def source(model: Model) -> str:
    """Write the adapter module of a model."""
    w = _Writer(model)
    members = groups(model)
    body = _Body(w, members)
    structs = body.structs()
    branches = body.branches()
    head = [
        f'"""Generated from {model.module.__name__}: builds its NamedTuples in lent memory and calls its kernels."""',
        f"import {model.module.__name__} as model",
        *(f"from {module} import {name}" for name, module in sorted(w.imports.items())),
        "",
        "#: what each number of the offset table `o` is",
        "SLOTS = (",
        *(f"    {'.'.join(key)!r},  # {i}" for key, i in w.slots.index.items()),
        ")",
        "",
    ]
    return "\n".join([*head, *structs, *branches, ""])


class _Body:
    def __init__(self, w: _Writer, members: dict[str, list[tuple[Key, Field]]]) -> None:
        self.w = w
        self.members = members
        self.model = w.model

    def structs(self) -> list[str]:
        """Helper functions that build x, p, u, a, w and the lent outputs."""
        w, lines = self.w, []

        def define(name: str, vector: str, expression: str) -> None:
            lines.extend([f"def {name}({vector}, o):", f"    return {expression}", "", ""])

        def tuple_of(cls: str, vector: str, entries: list[tuple[Key, Field]], lend: bool = False) -> str:
            make = w.lend if lend else w.read
            return f"{cls}({', '.join(make(vector, key, f) for key, f in entries)})"

        m = self.members
        if m["x"]:
            define("_x", "y", tuple_of("model.State", "y", m["x"]))
            define("_dx", "dy", tuple_of("model.State", "dy", m["x"], lend=True))
        if self.model.impulses or self.model.scan:
            # on entry it holds the states themselves
            define("_new", "dy", tuple_of("model.State", "dy", m["x"]))
        if m["p"]:
            define("_p", "p", tuple_of("model.Params", "p", m["p"]))
        for port in self.model.inlets.values():
            entries = [(key, f) for key, f in m["u"] if key[1] == port.name]
            define(f"_in_{port.name}", "w", tuple_of(w.stream(port.stream), "w", entries))
        if self.model.inlets:
            ports = ", ".join(f"_in_{name}(w, o)" for name in self.model.inlets)
            define("_u", "w", f"model.Inlets({ports})")
        if m["a"]:
            define("_a", "w", tuple_of("model.Integrals", "w", m["a"]))
        if m["w"]:
            define("_w", "w", tuple_of("model.Work", "w", m["w"]))
        return lines

    def arguments(self, kernel: str, out: str = "") -> str:
        texts = {
            "t": "t",
            "x": "_x(y, o)",
            "u": "_u(w, o)",
            "a": "_a(w, o)",
            "p": "q",
            "w": "_w(w, o)",
            "out": out,
            "dx": "_dx(dy, o)",
        }
        if ("given",) in self.w.slots.index:
            place = self.w.slots[("given",)]
            given = {"value": f"w[{place}]", "number": f"w[{place}]", "seed": f"w[{place} + 1]", "new": "_new(dy, o)"}
            texts.update(given)
        texts.update({name: f"_in_{name}(w, o)" for name in self.model.inlets})
        return ", ".join(texts[name] for name in self.model.arguments(kernel))

    def branches(self) -> list[str]:
        """The entry itself: one branch for each thing that the engine asks for.

        In each of the two functions every kernel stands in one place only: each call of it is compiled in full.
        """
        parts: list[tuple[str, list[str]]] = []
        m, model = self.members, self.model

        def part(code: int, body: list[str]) -> None:
            if body:
                parts.append((f"what == {code}", body))

        if m["h"]:
            cls = holdup_class(model)
            assert cls is not None
            part(HOLDUP, self._call("holdup", self.w.stream(cls), m["h"]))
        part(GUARDS, [f"w[{self.w.slots[key]}] = model.{f.name}({self.arguments(f.name)})" for key, f in m["g"]])
        if m["t"]:
            part(TRANSPORT, self._call("transport", "model.Transport", m["t"]))
        for number, f in enumerate(model.impulses):
            body = [f"r = model.{f.name}({self.arguments(f.name)})", *self._store("r", "dy", m["x"])]
            if model.has(f.name + BOOKING):
                body += self._call(f.name + BOOKING, "model.Quadratures", m["q"])
            part(IMPULSE + number, body)
        if model.scan:
            part(SCAN, [f"r = model.scan({self.arguments('scan')})", *self._store("r", "dy", m["x"])])
        local = self._local_parts(sums=False)
        if local:
            slopes = [f"_slopes(what - {SLOPES}, t, duals(y), p, duals(w), duals(dy), o)"]
            parts.append((f"what >= {SLOPES}", slopes))
        return [
            *self._function("_slopes", local),
            "",
            "",
            *self._function("evaluate", [*self._local_parts(sums=True), *parts]),
        ]

    def _function(self, name: str, parts: list[tuple[str, list[str]]]) -> list[str]:
        # parameters are the longest tuple by far: made once for all branches
        lines = [f"def {name}(what, t, y, p, w, dy, o):", *(["    q = _p(p, o)"] if self.members["p"] else [])]
        for number, (condition, body) in enumerate(parts):
            lines.append(f"    {'if' if number == 0 else 'elif'} {condition}:")
            lines += [f"        {line}" for line in body]
        return lines if parts else [*lines, "    return"]

    def _local_parts(self, sums: bool) -> list[tuple[str, list[str]]]:
        """What a Jacobian is made of, with the sums of integrands or without."""
        parts = []
        m, model = self.members, self.model
        for i, (key, f) in enumerate(m["a"]):
            condition, body = f"what == {INTEGRAND + i}", self._integral(key, f)
            if sums:
                condition = f"what == {INTEGRAL + i} or {condition}"
                body += [f"if what == {INTEGRAL + i}:", *self._sum(key, f)]
            parts.append((condition, body))
        rates = []
        if m["x"]:
            rates += [f"r = model.derivatives({self.arguments('derivatives')})", *self._store("r", "dy", m["x"])]
        if m["q"]:
            rates += self._call("quadratures", "model.Quadratures", m["q"])
        if rates:
            parts.append((f"what == {RATES}", rates))
        for i, (key, f) in enumerate(m["m"]):
            body = [f"w[{self.w.slots[key]}] = model.{f.name}({self.arguments(f.name)})"]
            parts.append((f"what == {MEASURE + i}", body))
        for number, port in enumerate(model.outlets.values()):
            entries = [(key, f) for key, f in m["o"] if key[1] == port.name]
            parts.append((f"what == {PORT + number}", self._call(port.name, self.w.stream(port.stream), entries)))
        return parts

    def _call(self, kernel: str, cls: str, entries: list[tuple[Key, Field]]) -> list[str]:
        name = kernel.replace(".", "_")
        lines = []
        if "out" in self.model.arguments(kernel):
            lines.append(f"lent_{name} = {cls}({', '.join(self.w.lend('w', key, f) for key, f in entries)})")
        lines.append(f"r_{name} = model.{kernel}({self.arguments(kernel, f'lent_{name}')})")
        return lines + self._store(f"r_{name}", "w", entries)

    def _store(self, result: str, vector: str, entries: list[tuple[Key, Field]]) -> list[str]:
        return [f"{vector}[{self.w.slots[key]}] = {result}.{f.name}" for key, f in entries if f.kind != "array"]

    def _count(self, f: Field) -> str:
        return " * ".join(f"({self.w.length(d)})" for d in f.dims)

    def _integral(self, key: Key, f: Field) -> list[str]:
        return [
            f"b_{f.name} = view1(w, {self.w.slots[('b', f.name)]}, {self._count(f)})",
            f"model.{f.name}({self.arguments(f.name, f'b_{f.name}')})",
        ]

    def _sum(self, key: Key, f: Field) -> list[str]:
        return [
            f"    s_{f.name} = 0.0",
            f"    for i_{f.name} in range({self._count(f)}):",
            f"        s_{f.name} += b_{f.name}[i_{f.name}]",
            f"    w[{self.w.slots[key]}] = s_{f.name}",
        ]


@dataclass(frozen=True)
class Entry:
    """A compiled unit operation: its address, and what keeps it alive."""

    address: int
    slots: Slots
    folder: Path
    from_cache: bool
    keep: Any


_entries: dict[str, Entry] = {}


def write_source(model: Model, folder: Path) -> Path:
    """Put the generated module into the model's cache folder, unless it is there already."""
    path = folder / f"adapter_{model.module.__name__.rpartition('.')[2]}.py"
    text = source(model)
    if not (path.exists() and path.read_text(encoding="utf-8") == text):
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}-{id(text)}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    return path


def load_source(path: Path, module: ModuleType) -> ModuleType:
    """Import a generated module under a name of its own."""
    name = f"twin_adapters.{module.__name__}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def cache_folder(model: Model) -> Path:
    """Folder of a model's generated source and compiled entry, named by all that shapes them."""
    from twin.plant import generated_hash

    return jit.cache_root() / f"{model.module.__name__}-{jit.closure_hash(model.module)}-{generated_hash()}"


def entry(model: Model) -> Entry:
    """Compile (or load from the cache) the entry of a model."""
    name = model.module.__name__
    with jit.LOCK:
        if name in _entries:
            return _entries[name]
        folder = cache_folder(model)
        claim(folder)
        result = _interpreted(model, folder) if jit.disabled() else _compiled(model, folder)
        _entries[name] = result
        return result


def _compiled(model: Model, folder: Path) -> Entry:
    def prepare() -> tuple[Any, Any]:
        from twin.plant import views

        jit.arm(model.module)
        adapter = load_source(write_source(model, folder), model.module)
        vars(adapter).update(view1=views.view1, view2=views.view2, as_int=views.as_int, duals=views.duals)
        for name, value in list(vars(adapter).items()):
            if name.startswith("_") and getattr(value, "__module__", None) == adapter.__name__:
                # what a call returns has memory of its own, which numba clears at each call of the entry: all tuples
                # are made in place but for the function of slopes itself
                setattr(adapter, name, jit.inner(value, merged=name != "_slopes"))
        vars(adapter).update(_lent(model))
        return adapter.evaluate, views.ENTRY

    found = jit.native(folder, prepare)
    if not found.from_cache:
        compiled_entries.append(model.module.__name__)
    return Entry(found.address, slots(model), folder, found.from_cache, found)


def _lent(model: Model) -> dict[str, Any]:
    """What compiled code has in place of the functions that build whole NamedTuples of what it only reads."""
    from twin.plant.views import Member, lent

    table, members = slots(model), groups(model)

    def length(dim: str) -> tuple[int, int]:
        name, more = base_dim(dim)
        return (table.index["dim", name] if name else -1, more)

    def member(key: Key, f: Field) -> Member:
        lengths = tuple(length(dim) for dim in f.dims) if f.kind == "array" else ()
        return Member(f.kind, table.index[key], lengths)

    found = {}
    for kind, what in (("x", "State"), ("p", "Params"), ("a", "Integrals")):
        if members[kind]:
            fields_of = tuple((f.name, member(key, f)) for key, f in members[kind])
            found[f"_{kind}"] = lent(f"{model.module.__name__}.{what}", fields_of)
    return found


#: Models whose entry was compiled, not loaded, in this process: asserted on by tests.
compiled_entries: list[str] = []


def _interpreted(model: Model, folder: Path) -> Entry:
    from twin.plant.interpreted import INTERPRETED

    adapter = load_source(write_source(model, folder), model.module)
    vars(adapter).update(view1=plain_view1, view2=plain_view2, as_int=int, duals=lambda a: a)
    address = len(INTERPRETED) + 1
    INTERPRETED[address] = adapter.evaluate
    return Entry(address, slots(model), folder, False, adapter)


def plain_view1(a: Any, start: int, n: int) -> Any:
    """Interpreted stand-in for the intrinsic."""
    return a[start : start + n]


def plain_view2(a: Any, start: int, n: int, m: int) -> Any:
    """Interpreted stand-in for the intrinsic."""
    return a[start : start + n * m].reshape((n, m))
