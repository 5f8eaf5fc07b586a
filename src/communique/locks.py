"""A folder that one process has to itself: SQLite's lock, which the system takes back however a process ends."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from communique.errors import InputError, Problem


def take(folder: Path, patience: float = 0) -> sqlite3.Connection | None:
    """Return a connection that holds a folder's lock until it is closed; None when another process has it.

    It is waited for ``patience`` seconds at most. Raises InputError when the folder cannot be written.
    """
    last = time.monotonic() + patience
    while not (lock := _try(folder)):
        if time.monotonic() >= last:
            return None
        # SQLite would wait, too, and hear no Ctrl-C meanwhile.
        time.sleep(0.1)
    return lock


def _try(folder: Path) -> sqlite3.Connection | None:
    lock = None
    try:
        lock = sqlite3.connect(folder / "lock.sqlite", timeout=0, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        if lock:
            lock.close()
        if "locked" in str(error):
            return None
        if isinstance(error, sqlite3.OperationalError):
            raise InputError(Problem(str(folder), 0, f"cannot be written: {error}")) from error
        raise InputError(Problem(str(folder / "lock.sqlite"), 0, f"is damaged: {error}", "delete it")) from error
    return lock
