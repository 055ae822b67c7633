"""What the program is required to do, and the checks that say whether it does: the matrix of both."""

from __future__ import annotations

from typing import NamedTuple


class Requirement(NamedTuple):
    """One requirement, and the names of the checks that test it."""

    id: str
    text: str
    checks: tuple[str, ...]


#: Installation: what is there is what should be there.
IQ = (
    Requirement("IQ-1", "Python and all packages have the versions that the program needs.", ("versions",)),
    Requirement("IQ-2", "The program's files are whole: as installed, or as in their commit.", ("files",)),
    Requirement("IQ-3", "Numbers are IEEE 754 doubles, rounded to nearest.", ("arithmetic",)),
    Requirement("IQ-4", "Files can be written, compressed, read back to the bit, and damage is noticed.", ("storage",)),
    Requirement("IQ-5", "Models are compiled, and kept compiled.", ("compiler",)),
    Requirement("IQ-6", "A clock is there, in UTC, and does not go back.", ("clock",)),
)

#: Operation: the program does what it is for.
OQ = (
    Requirement("OQ-01", "Shipped plants and scenarios are read without a problem.", ("plants_are_read",)),
    Requirement("OQ-02", "A wrong configuration is refused, with its place.", ("mistakes_are_refused",)),
    Requirement("OQ-03", "Tanks in series follow their closed form.", ("tanks_in_series", "suite_residence")),
    Requirement("OQ-04", "Mass and energy balances of shipped plants close to 1e-8.", ("balances",)),
    Requirement("OQ-05", "Shipped plants give their reference results.", ("references",)),
    Requirement("OQ-06", "Two independent integrators agree.", ("two_integrators",)),
    Requirement("OQ-07", "The same run gives the same bits, with either driver of events.", ("same_bits",)),
    Requirement("OQ-08", "Events fire at their time and are recorded.", ("events",)),
    Requirement("OQ-09", "A run that cannot go on says so, and its file holds what there is.", ("failures_are_told",)),
    Requirement("OQ-10", "A changed file, log or signature is noticed.", ("tampering",)),
    Requirement("OQ-11", "Every start and end of a run is logged.", ("logged",)),
    Requirement("OQ-12", "Models agree with closed forms and published digits.", ("suite_verification",)),
    Requirement("OQ-13", "Every unit operation keeps the rules of the library: units, balances, compiled as written.", (
        "suite_registry",
    )),
    Requirement("OQ-14", "Integrators have their order, find events, and do not change the steps when recording.", (
        "suite_integrators",
    )),
)  # fmt: skip

#: Folders of the test suite behind each check of that kind, seen from the root of a clone.
SUITES = {
    "suite_residence": "tests/verification/test_residence_times.py",
    "suite_verification": "tests/verification",
    "suite_registry": "tests/registry",
    "suite_integrators": "tests/integrate",
}
STAGES = {"iq": IQ, "oq": OQ}
