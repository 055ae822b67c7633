"""Locks on open files, between processes: released when the file is closed or its process ends."""

from __future__ import annotations

import errno
import os
import sys
import time

#: Byte that is locked where a lock keeps others from reading what it covers: far behind the end.
_FAR = 1 << 40
#: Seconds between two tries of a lock that another process holds.
_PAUSE = 0.005


def lock(file: int) -> bool:
    """Lock an open file for this process until it is closed; False when another one holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # a file system without locks has none to hold against us
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def wait_for_lock(file: int, patience: float) -> bool:
    """Lock an open file, waiting for others up to `patience` seconds; False when they hold it longer."""
    deadline = time.monotonic() + patience
    while not lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True
