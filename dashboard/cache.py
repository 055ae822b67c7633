"""Numbers read from run files, kept while there is room: the most recently used ones stay."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

#: Bytes kept at most.
ROOM = 256 << 20


class Kept:
    """Arrays by key; safe for several threads."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.size = 0
        self._arrays: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], np.ndarray]) -> np.ndarray:
        """Give the array of a key, read now unless it is still here; not to be changed by the caller."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        found = np.asarray(read())
        found.flags.writeable = False
        with self._lock:
            if key not in self._arrays and found.nbytes <= self.room:
                self._arrays[key] = found
                self.size += found.nbytes
            while self.size > self.room:
                _, dropped = self._arrays.popitem(last=False)
                self.size -= dropped.nbytes
        return found
