"""A folder that one process has to itself: SQLite's lock, which the system takes back however a process ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from communique.errors import InputError, Problem


def take(folder: Path, patience: float = 0) -> sqlite3.Connection | None:
    """Return a connection that holds a folder's lock until it is closed; None when another process has it.

    It is waited for ``patience`` seconds at most. Raises InputError when the folder cannot be written.
    """
    lock = sqlite3.connect(folder / "lock.sqlite", timeout=patience, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            return None
        raise InputError(Problem(str(folder), 0, f"cannot be written: {error}")) from error
    return lock
