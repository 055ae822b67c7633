"""Formats of the identifiers that lots and containers carry. Check digits are not verified.

- drug traceability code (药品追溯码): 20 digits, of which the first seven are the product's identification code and
  begin with 8 (NMPA, rules on the coding of drug traceability codes, 2019: general knowledge, wording not quoted);
- UDI: a GS1 element string, whose first application identifier is (01) with 14 digits, or HIBC (begins with +), or
  ICCBBA (begins with =);
- industrial-internet identifier (工业互联网标识): 88.<digits>.<digits>/<anything>, as nodes assign;
- container: a GS1 SSCC of 18 digits, or a name of letters, digits, - . _ of the plant's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

#: Keys under which each kind may stand in a scenario.
KEYS = {
    "drug_trace_code": "drug traceability code",
    "药品追溯码": "drug traceability code",
    "udi": "UDI",
    "UDI": "UDI",
    "industrial_internet_id": "industrial-internet identifier",
    "工业互联网标识": "industrial-internet identifier",
    "container": "container",
    "sscc": "SSCC",
}
FORMATS = {
    "drug traceability code": (re.compile(r"8\d{19}"), "20 digits that begin with 8"),
    "UDI": (
        re.compile(r"\(01\)\d{14}(\(\d{2,4}\)[!-'*-~]{1,30})*|\+[A-Z0-9\-. $/+%]{6,}|=[!-~]{6,}"),
        "(01) and 14 digits, then (11), (17), (10) or (21) with their values; or HIBC (+…) or ICCBBA (=…)",
    ),
    "industrial-internet identifier": (re.compile(r"88(\.\d{1,6}){2,4}/\S{1,200}"), "88.<digits>.<digits>/<name>"),
    "container": (re.compile(r"[\w.\-]{1,64}"), "letters, digits, '-', '.' and '_'"),
    "SSCC": (re.compile(r"(\(00\))?\d{18}"), "18 digits"),
}


class Identifier(NamedTuple):
    """One identifier of a lot or container, and what is wrong with its format ("" when nothing is)."""

    owner: str
    kind: str
    value: str
    wrong: str


def identifiers(owner: str, marks: Mapping[str, str]) -> list[Identifier]:
    """Pick the identifiers out of a lot's or container's free fields, each with the verdict on its format."""
    found = []
    for key, value in marks.items():
        kind = KEYS.get(key)
        if kind is not None:
            pattern, wanted = FORMATS[kind]
            wrong = "" if pattern.fullmatch(value) else f"a {kind} is {wanted}"
            found.append(Identifier(owner, kind, value, wrong))
    return found
