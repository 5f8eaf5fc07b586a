"""Who was sent what: SQLite in the newsroom's folder sent/, backed up beside it as JSON lines.

One row a release, version and recipient. Its states::

    planned ─▶ in flight ─▶ accepted    the server took it, ``words`` are its answer
       ▲           │  └───▶ refused     the server never will (5xx)
       └───────────┤                    the server said to come again (4xx), or was gone before the message's end
                   └──────▶ unknown     the message's end was sent, and no answer came

*In flight* is on the disk before the end of a message is sent: whatever is planned was not sent, also after a power
cut. What follows is written at once, and is on the disk with the next *in flight*, or at the end: a power cut may turn
an answer into *unknown*, which asks, never into *planned*, which would send twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO

from communique import locks
from communique.errors import InputError, Problem

FOLDER = "sent"
#: One of another format is not touched.
FORMAT = 1
HINT = "check the disk's free space and the folder's permissions; nothing further was sent"

_TABLES = """
CREATE TABLE IF NOT EXISTS delivery (
  release TEXT, version INTEGER, recipient TEXT, address TEXT, name TEXT, outlet TEXT, language TEXT,
  message_id TEXT, state TEXT, words TEXT, at TEXT, PRIMARY KEY (release, version, recipient)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS list (path TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class State(Enum):
    """How far a message is."""

    PLANNED = "planned"
    IN_FLIGHT = "in flight"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One release in one version to one recipient, who is known by ``recipient``, a mailbox's key.

    ``at`` is the instant of the last change (ISO 8601, UTC).
    """

    release: str
    version: int
    recipient: str
    address: str
    name: str
    outlet: str
    language: str
    message_id: str
    state: State = State.PLANNED
    words: str = ""
    at: str = ""


COLUMNS = tuple(field.name for field in fields(Delivery))
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_PUT = f"INSERT OR REPLACE INTO delivery VALUES ({', '.join('?' * len(COLUMNS))})"


class Ledger:
    """The ledger of one newsroom, opened by :func:`opened`."""

    def __init__(self, folder: Path) -> None:
        self._backup_path = folder / "ledger.jsonl"
        place = folder / "ledger.sqlite"
        restored = self._backup_path.exists() and not place.exists()
        self._db = _connect(place)
        self._backup: IO[str] | None = None
        if restored:
            self._restore()

    def close(self) -> None:
        """Put everything on the disk, the backup with one line a delivery."""
        if self._backup:
            self._backup.close()
            self._back_up()
        self._db.close()

    # --- reading ---

    def deliveries(self, release: str) -> list[Delivery]:
        """Return what is known of a release, by version and recipient."""
        rows = self._db.execute("SELECT * FROM delivery WHERE release = ?", (release,))
        return [_delivery(row) for row in rows]

    def lists(self) -> list[str]:
        """Return the paths of all list files ever used."""
        return [row[0] for row in self._db.execute("SELECT path FROM list ORDER BY path")]

    # --- writing ---

    def begin(self) -> int:
        """Make ready for sending; return how many messages an earlier send left in flight, unknown from now on."""
        words = "the program was stopped before the server answered"
        with self._transaction(durable=True):
            stranded = self._db.execute(
                "UPDATE delivery SET state = ?, words = ?, at = ? WHERE state = ?",
                (State.UNKNOWN.value, words, _now(), State.IN_FLIGHT.value),
            ).rowcount
        self._back_up()
        self._backup = self._backup_path.open("a", encoding="utf-8")
        return stranded

    def note_lists(self, paths: Iterable[str]) -> None:
        """Remember list files, so that a person can be taken out of them."""
        with self._transaction(durable=True):
            self._db.executemany("INSERT OR IGNORE INTO list VALUES (?)", ((path,) for path in paths))

    def plan(self, deliveries: Iterable[Delivery]) -> None:
        """Keep what is about to be sent, in one transaction."""
        self._put([replace(d, state=State.PLANNED, at=_now()) for d in deliveries], durable=True)

    def depart(self, delivery: Delivery) -> None:
        """Note, on the disk, that the end of a message is about to be sent."""
        self._put([replace(delivery, state=State.IN_FLIGHT, words="", at=_now())], durable=True)

    def settle(self, delivery: Delivery, state: State, words: str) -> None:
        """Note what came of a message, with the server's words."""
        self._put([replace(delivery, state=state, words=words, at=_now())], durable=False)

    def forget(self, recipient: str) -> int:
        """Take a person out of all rows, which stay for the counts; return how many rows these were."""
        with self._transaction(durable=True):
            held = self._db.execute("SELECT * FROM delivery WHERE recipient = ?", (recipient,)).fetchall()
            self._db.execute("DELETE FROM delivery WHERE recipient = ?", (recipient,))
            for row in held:
                known = _delivery(row)
                number = self._db.execute(
                    "SELECT count(*) FROM delivery WHERE release = ? AND version = ? AND recipient LIKE 'forgotten %'",
                    (known.release, known.version),
                ).fetchone()[0]
                blank = replace(known, address="", name="", outlet="", message_id="", words="")
                self._db.execute(_PUT, _row(replace(blank, recipient=f"forgotten {number + 1}")))
        # Deleted rows would else stay readable in the file and its log.
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._back_up()
        return len(held)

    @contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[None]:
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _put(self, deliveries: list[Delivery], *, durable: bool) -> None:
        with self._transaction(durable=durable):
            self._db.executemany(_PUT, map(_row, deliveries))
        if self._backup:
            with self._writing():
                self._backup.writelines(_line(_row(delivery)) for delivery in deliveries)
                self._backup.flush()

    # --- the backup ---

    def _back_up(self) -> None:
        """Write the backup anew: lists, then a line a delivery; whole whenever it is there."""
        unfinished = self._backup_path.with_suffix(".unfinished")
        with self._writing(), unfinished.open("w", encoding="utf-8") as file:
            unfinished.chmod(0o600)
            file.writelines(json.dumps({"list": path}, ensure_ascii=False) + "\n" for path in self.lists())
            rows = self._db.execute("SELECT * FROM delivery ORDER BY release, version, recipient")
            file.writelines(map(_line, rows))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._backup_path)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                Problem(str(self._backup_path), 0, f"cannot be written: {error.strerror}", HINT)
            ) from error

    def _restore(self) -> None:
        """Fill the ledger from its backup, of which the last line of a delivery counts."""
        try:
            with self._transaction(durable=True), self._backup_path.open(encoding="utf-8") as file:
                for line in file:
                    # What a power cut left of a last line is no delivery.
                    if not line.endswith("\n"):
                        break
                    kept = json.loads(line)
                    if "list" in kept:
                        self._db.execute("INSERT OR IGNORE INTO list VALUES (?)", (kept["list"],))
                    else:
                        self._db.execute(_PUT, tuple(kept[column] for column in COLUMNS))
        except (ValueError, KeyError, TypeError) as error:
            self._db.close()
            for leftover in self._backup_path.parent.glob("ledger.sqlite*"):
                leftover.unlink()
            hint = "put ledger.sqlite back from your own backup, or mend the line"
            raise InputError(Problem(str(self._backup_path), 0, f"is damaged: {error}", hint)) from None


def _row(delivery: Delivery) -> tuple[object, ...]:
    return tuple(delivery.state.value if column == "state" else getattr(delivery, column) for column in COLUMNS)


def _delivery(row: tuple[str | int, ...]) -> Delivery:
    kept = dict(zip(COLUMNS, row, strict=True))
    return Delivery(**{**kept, "state": State(kept["state"])})  # type: ignore[arg-type]


def _line(row: tuple[object, ...]) -> str:
    return _ENCODER.encode(dict(zip(COLUMNS, row, strict=True))) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def opened(root: Path, *, alone: bool = True) -> Iterator[Ledger]:
    """Yield the ledger of a newsroom's folder, for this process alone unless it only reads.

    Raises InputError when another process is sending, and when the ledger cannot be read or written.
    """
    folder = root / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Personal data: not for the repository in which releases may be kept.
        (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        raise InputError(Problem(str(folder), 0, f"cannot be written: {error.strerror}")) from error
    with contextlib.ExitStack() as stack:
        if alone:
            stack.callback(_lock(folder).close)
        try:
            ledger = Ledger(folder)
            stack.callback(ledger.close)
            yield ledger
        except sqlite3.Error as error:
            raise InputError(Problem(str(folder), 0, f"the ledger cannot be written: {error}", HINT)) from error


def _lock(folder: Path) -> sqlite3.Connection:
    """Return a connection that holds the lock until it is closed."""
    if lock := locks.take(folder):
        return lock
    raise InputError(Problem(str(folder), 0, "another send is at work here", "wait until it has ended"))


def _connect(place: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(place, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A log that begins anew early is overwritten instead of growing, which the disk confirms twice as fast.
        connection.execute("PRAGMA wal_autocheckpoint = 200")
        # What is deleted is overwritten.
        connection.execute("PRAGMA secure_delete = ON")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"it was written by another version of the program (format {version})")
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    except sqlite3.DatabaseError as error:
        connection.close()
        hint = "move it away: it is made anew from ledger.jsonl"
        raise InputError(Problem(str(place), 0, f"cannot be used: {error}", hint)) from None
    place.chmod(0o600)
    return connection
