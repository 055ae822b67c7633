"""Every sentence of a dossier in English and Chinese; what is computed picks them, nobody types them."""

from __future__ import annotations

from typing import Any

from twin.evidence.dossier.labels import LABELS
from twin.evidence.dossier.reasons import REASONS

LANGUAGES = ("en", "zh")
WORDS = {**LABELS, **REASONS}


def say(key: str, language: str, **arguments: Any) -> str:
    """A sentence in a language."""
    text = WORDS[key][LANGUAGES.index(language)]
    return text.format(**{name: shown(value, language) for name, value in arguments.items()})


def shown(value: Any, language: str) -> Any:
    """An argument of a sentence as it is shown."""
    if isinstance(value, dict):  # a number with its origin
        value = value["v"]
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ("、" if language == "zh" else ", ").join(str(item) for item in value)
    if isinstance(value, str) and value in WORDS:
        return WORDS[value][LANGUAGES.index(language)]
    return value
