"""Languages of the pages: `say("Trends")` gives the word in the viewer's language.

A text is written in English where it is used, and looked up in a catalogue by that. The viewer's
choice comes with every request (a cookie), so that nothing of it is kept here. In a notebook:

    with speaking("zh"):
        figure = trends(data, ["reactor.T"])
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from flask import has_request_context, request

#: Languages and what each calls itself.
LANGUAGES = {"en": "English", "zh": "中文"}
#: The cookie that tells the viewer's choice.
COOKIE = "twin-language"
_SPOKEN: ContextVar[str] = ContextVar("language", default="")


def language() -> str:
    """Language to speak: the one of :func:`speaking`, else the viewer's choice, else the browser's."""
    if _SPOKEN.get():
        return _SPOKEN.get()
    if not has_request_context():
        return "en"
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), default="en")


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak a language for a while, whatever the viewer's; a name that is none of LANGUAGES raises KeyError."""
    LANGUAGES[name]
    token = _SPOKEN.set(name)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


@cache
def catalogue(name: str, of: str = "words") -> Mapping[str, str]:
    """Texts of a language by their English: `words` of the pages, or `meanings` of the models' quantities."""
    file = files("dashboard.catalogue") / f"{name}_{of}.json"
    return MappingProxyType(json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})


def say(text: str, **values: Any) -> str:
    """Give a text of the pages in the viewer's language, with values in its braces."""
    spoken = language()
    found = text if spoken == "en" else catalogue(spoken).get(text, text)
    return found.format(**values) if values else found


def meaning(text: str) -> str:
    """Give the meaning of a quantity, as the library writes it, in the viewer's language; English where unknown."""
    spoken = language()
    return text if spoken == "en" else catalogue(spoken, "meanings").get(text, text)
