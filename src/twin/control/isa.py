"""What the letters of an instrument's tag say: `TIC-201` is a temperature, indicating, controller.

The letters are those of ANSI/ISA-5.1-2009, table 4.1; a tag is a label only, nothing depends on it.
"""

from __future__ import annotations

import re

VARIABLES = {
    "A": "analysis",
    "B": "flame",
    "D": "density",
    "E": "voltage",
    "F": "flow",
    "H": "hand",
    "I": "current",
    "J": "power",
    "K": "time",
    "L": "level",
    "M": "moisture",
    "P": "pressure",
    "Q": "quantity",
    "R": "radiation",
    "S": "speed",
    "T": "temperature",
    "U": "several variables",
    "V": "vibration",
    "W": "weight",
    "Z": "position",
}
MODIFIERS = {"D": "difference", "F": "ratio", "Q": "total", "K": "rate of change"}
FUNCTIONS = {
    "A": "alarm",
    "C": "controller",
    "E": "sensor",
    "I": "indicating",
    "R": "recording",
    "S": "switch",
    "T": "transmitter",
    "V": "valve",
    "Y": "relay",
    "Z": "actuator",
}
_TAG = re.compile(r"([A-Z]{2,5})-?\d+[A-Z]?")


def meaning(tag: str) -> str:
    """Say what a tag's letters mean; "" where it is no such tag.

    >>> meaning("FFC-502")
    'flow ratio controller'
    """
    match = _TAG.fullmatch(tag)
    if match is None:
        return ""
    first, rest = match.group(1)[0], list(match.group(1)[1:])
    words = [VARIABLES.get(first, "variable of choice")]
    if len(rest) > 1 and rest[0] in MODIFIERS:
        words.append(MODIFIERS[rest.pop(0)])
    if any(letter not in FUNCTIONS for letter in rest):
        return ""
    return " ".join([*words, *(FUNCTIONS[letter] for letter in rest)])
