"""What a key of a configuration is: the tables from which YAML is checked, and its schema and reference are made.

A section is a mapping of the YAML with named keys (`plant_keys.py`, `scenario_keys.py`). The readers take
the names that they know from here, so that no key is read that is not described, and none described that
is not read. Keys of units that belong to their model (parameters, dimensions, settings) stand with the
model; they are not repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key.

    Attributes
    ----------
    kind : str
        What its value is: text, whole, number, quantity, choice, any; path, guard, tag and the like, which
        are texts; `section` or `any of sections`; in `list` and `map` a list of those, or a mapping of names
        to those.
    meaning : str
        In a few words.
    unit : str
        In which a plain number is taken, for quantities.
    default : str
        What holds without the key; "required" where nothing does.
    example : str
        As written in YAML.
    choices : tuple of str
    of : tuple of str
        Kinds or sections of which the value, or an item of the list or mapping, is one.
    """

    kind: str
    meaning: str
    unit: str = ""
    default: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A mapping with named keys.

    Attributes
    ----------
    title : str
        What the mapping is, as the reference heads it.
    text : str
        A sentence about it.
    keys : mapping of str to Key
    free : str
        What other keys are, where there may be any: "" where there may not.
    """

    title: str
    text: str
    keys: Mapping[str, Key]
    free: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The keys that there are."""
        return tuple(self.keys)


def time(meaning: str, default: str = "", example: str = "10 min") -> Key:
    """A key that takes a time."""
    return Key("quantity", meaning, "s", default, example)


def text(meaning: str, default: str = "", example: str = "") -> Key:
    """A key that takes a text."""
    return Key("text", meaning, "", default, example)


def whole(meaning: str, default: str = "", example: str = "") -> Key:
    """A key that takes a whole number."""
    return Key("whole", meaning, "", default, example)


def listed(meaning: str, *of: str, default: str = "none", example: str = "") -> Key:
    """A key that takes a list."""
    return Key("list", meaning, "", default, example, of=of)


def mapped(meaning: str, *of: str, default: str = "none", example: str = "") -> Key:
    """A key that takes a mapping of names."""
    return Key("map", meaning, "", default, example, of=of)
