"""Dossiers that speak of a run: bundles in its folder, read without unpacking, and their pages."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Response, abort, request

from dashboard.runs import Catalog
from dashboard.speech import language
from twin.evidence.dossier.words import say as word
from twin.results.files import FileProblem

#: Bytes of a dossier's data at most; bundles of a folder that are looked into.
LARGEST, MOST = 16 << 20, 200
#: What a dossier's page may do: nothing but be read.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
PLACE = "/dossier"


@dataclass(frozen=True)
class Bundle:
    """A dossier and what it says."""

    path: Path
    data: dict[str, Any]

    @property
    def sections(self) -> list[tuple[str, str, str, bool, list[str]]]:
        """Sections: number, title, state, whether the risk asks for it, and why it is so; in the viewer's language."""
        asked = set(self.data["conclusion"]["required"])
        return [
            (name, word(name, language()), str(section["state"]), name in asked, reasons(section))
            for name, section in self.data["sections"].items()
        ]


def reasons(section: dict[str, Any]) -> list[str]:
    """Why a section has its state."""
    return [word(why["key"], language(), **{k: v for k, v in why.items() if k != "key"}) for why in section["why"]]


def open_bundle(path: Path) -> Bundle:
    """Read what a bundle says.

    Raises
    ------
    FileProblem
        When it is no dossier, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("dossier.json") as member:
            text = member.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise FileProblem(f"{path.name} holds a dossier that is larger than any")
        data = json.loads(text)
        found = Bundle(path, data)
        str(data["file"]), str(data["content_hash"]), str(data["status"]), bool(data["conclusion"]["adequate"])
        found.sections  # noqa: B018 - read once, so that what is missing shows now
    except OSError as error:
        raise FileProblem(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, EOFError, NotImplementedError,
            RuntimeError, zipfile.BadZipFile) as error:  # fmt: skip
        raise FileProblem(f"{path.name} is no dossier: {error!r:.120}") from error
    return found


def dossiers(catalog: Catalog, run: str | None) -> list[Bundle]:
    """Dossiers in the folder that name this run, the newest first."""
    file = catalog.file(run)
    content = str(catalog.dataset(run).run.attrs.get("content_hash", ""))
    paths = [path for path in file.parent.glob("*.zip") if catalog.holds(path)]
    found = []
    for path in sorted(paths, key=lambda one: -one.stat().st_mtime)[:MOST]:
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size)
        try:
            bundle: Bundle = catalog.once(key, partial(open_bundle, path))
        except FileProblem:
            continue  # some other archive
        if bundle.data["file"] == file.name or (content and bundle.data["content_hash"] == content):
            found.append(bundle)
    return found


def bundle_of(catalog: Catalog, run: str | None, name: Any) -> Bundle:
    """Find one of a run's dossiers by the name of its file. Raises FileProblem."""
    found = next((one for one in dossiers(catalog, run) if one.path.name == name), None)
    if found is None:
        raise FileProblem("there is no dossier of that name here")
    return found


def serve_pages(app: Any, catalog: Catalog) -> None:
    """Answer `/dossier?run=…&file=…` with the dossier's page, made here from its data: nothing in it can act."""

    @app.server.route(PLACE)
    def page() -> Response:
        from twin.evidence.dossier.page import render

        try:
            found = bundle_of(catalog, request.args.get("run"), request.args.get("file"))
            text = render(found.data, language())
        except FileProblem as error:
            abort(Response(str(error), 404, mimetype="text/plain"))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            abort(Response("this dossier holds something unexpected", 422, mimetype="text/plain"))
        return Response(text, headers={"Content-Security-Policy": POLICY}, mimetype="text/html")
