"""One module a page: each lays itself out from what is looked at and answers its own clicks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from dashboard.data import Dataset
from dashboard.runs import Catalog


@dataclass(frozen=True)
class View:
    """What one viewer looks at; made anew for every request.

    Attributes
    ----------
    catalog : Catalog
    name : str or None
        The run; None where the page needs none.
    query : str
        The address's query.
    chosen : tuple of str
        Tags of the unit that was clicked last.
    """

    catalog: Catalog
    name: str | None
    query: str = ""
    chosen: tuple[str, ...] = ()

    @property
    def data(self) -> Dataset:
        """The run's data. Raises FileProblem when it cannot be read."""
        return self.catalog.dataset(self.name)

    def asked(self, key: str) -> str:
        """Value of a key of the address; empty without."""
        return parse_qs(self.query.lstrip("?")).get(key, [""])[0]
