"""What was built from what: SQLite inside the output folder, so that it goes with what it describes.

Five tables: ``file`` (the digest of each input, with the hints under which it need not be taken again), ``release``
(the record of each release, and what of it tells whether it still holds), ``entry`` (what the newsroom's front pages
and feeds tell of it in each language), ``inputs`` (the sets of files that traces refer to: thousands of outputs share
one) and ``state`` (what the last whole build found). Records are JSON, what is long of them compressed.

A build holds the journal alone. Its lock is SQLite's own on a second file, which the system takes back from a
process however it ends.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from communique import locks
from communique.errors import InputError, Problem
from communique.inventory import RACY_NS, UNREADABLE, Found, digest, digest_file
from communique.jobs import Entry, Standing, Trace

FOLDER = ".build"
#: What to do about an output folder that cannot be written.
HINT = "check the disk's free space and the folder's permissions"
#: Sets of files that are kept at hand: a release has a few, and an archive many.
KEPT_INPUTS = 1000
#: Another one makes the journal anew.
FORMAT = 3

# What has long rows has numbered ones: SQLite keeps no more than a kilobyte of others in their place.
_TABLES = """
CREATE TABLE IF NOT EXISTS file (path TEXT PRIMARY KEY, hint TEXT, seen INTEGER, digest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS release (id TEXT PRIMARY KEY, summary TEXT, record BLOB);
CREATE TABLE IF NOT EXISTS entry (
    release TEXT, language TEXT, entry TEXT, content BLOB, PRIMARY KEY (release, language)
);
CREATE TABLE IF NOT EXISTS inputs (key TEXT PRIMARY KEY, files TEXT);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


@dataclass
class Record:
    """What is kept of a release.

    ``judged`` stands for all that its plan and texts depend on, ``embargo`` is its instant (ISO 8601, or empty).
    ``planned`` are the paths that it claims, ``owned`` those that were ever written for it and not yet removed.
    """

    judged: str = ""
    embargo: str = ""
    standings: list[Standing] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    owned: list[str] = field(default_factory=list)
    traces: dict[str, Trace] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """What of a release's record tells whether it still holds, and what is told of it then.

    ``inputs`` are the keys of all sets of files that its traces name, ``folders`` those of its outputs; ``standing``
    counts these. ``whole`` says that all that is planned was made.
    """

    judged: str
    embargo: str
    standings: list[Standing]
    problems: list[Problem]
    inputs: list[str]
    folders: list[str]
    standing: int
    whole: bool


Value = TypeVar("Value")
#: Entries with their full texts.
Entries = list[tuple[Entry, str]]


class Journal:
    """The journal of one output folder, opened by :func:`opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._inputs: dict[str, dict[str, str]] = {}
        # The keys of these, by their identity: most of what is saved is what was read.
        self._keys: dict[int, str] = {}

    # --- state ---

    def state(self, name: str) -> Any:
        """Return what was kept under a name, or None."""
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return _read(json.loads, row[0]) if row else None

    def set_state(self, name: str, value: Any) -> None:
        """Keep a value; None forgets it."""
        with self._db:
            if value is None:
                self._db.execute("DELETE FROM state WHERE name = ?", (name,))
            else:
                self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, json.dumps(value)))

    # --- records ---

    def ids(self) -> list[str]:
        """Return the releases that have a record."""
        return [row[0] for row in self._db.execute("SELECT id FROM release")]

    def record(self, id_: str) -> Record | None:
        """Return a release's record, or None."""
        row = self._db.execute("SELECT summary, record FROM release WHERE id = ?", (id_,)).fetchone()
        if row is None:
            return None
        known = _read(_summary, row[0])
        planned, owned, kept = _read(json.loads, _unpacked(row[1]))
        traces = {path: Trace(self.inputs(key), *rest) for path, (key, *rest) in kept.items()}
        return Record(known.judged, known.embargo, known.standings, known.problems, planned, owned, traces)

    def summary(self, id_: str) -> Summary | None:
        """Return the summary of a release's record, or None: a thirtieth of it, and there may be 10,000 to look at."""
        row = self._db.execute("SELECT summary FROM release WHERE id = ?", (id_,)).fetchone()
        return _read(_summary, row[0]) if row else None

    def inputs(self, key: str) -> dict[str, str]:
        """Return a set of files with their digests; the same key gives the same object, as long as it is kept."""
        if key not in self._inputs:
            if len(self._inputs) >= KEPT_INPUTS:
                self._inputs.clear()
                self._keys.clear()
            row = self._db.execute("SELECT files FROM inputs WHERE key = ?", (key,)).fetchone()
            files = self._inputs[key] = _read(json.loads, row[0]) if row else {"": "lost"}
            self._keys[id(files)] = key
        return self._inputs[key]

    def forget(self, id_: str) -> None:
        """Forget a release's record and entries in one transaction."""
        with self._db:
            self._db.execute("DELETE FROM entry WHERE release = ?", (id_,))
            self._db.execute("DELETE FROM release WHERE id = ?", (id_,))

    def save(self, id_: str, record: Record, entries: Entries | None = None) -> Summary:
        """Keep a release's record and entries in one transaction; return the summary of the record."""
        with self._db:
            self._db.execute("DELETE FROM entry WHERE release = ?", (id_,))
            rows = [
                (id_, e.language, json.dumps(astuple(e), ensure_ascii=False), _packed(text))
                for e, text in entries or ()
            ]
            self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
            traces = {
                path: [self._key(trace.files), trace.subject, trace.output, trace.page]
                for path, trace in record.traces.items()
            }
            summary = Summary(
                judged=record.judged,
                embargo=record.embargo,
                standings=record.standings,
                problems=record.problems,
                inputs=sorted({key for key, *_ in traces.values()}),
                folders=sorted({path.rpartition("/")[0] for path in traces}),
                standing=len(traces),
                whole=traces.keys() == set(record.planned),
            )
            told, rest = (
                json.dumps(part, separators=(",", ":"), ensure_ascii=False)
                for part in (astuple(summary), (record.planned, record.owned, traces))
            )
            self._db.execute("INSERT OR REPLACE INTO release VALUES (?, ?, ?)", (id_, told, _packed(rest)))
        return summary

    def entries(self, id_: str | None = None) -> list[Entry]:
        """Return the entries of all releases, or of one, in the order of releases and languages."""
        wanted = "?1 IS NULL OR release = ?1"
        rows = self._db.execute(f"SELECT entry FROM entry WHERE {wanted} ORDER BY release, language", (id_,))
        return [_read(_entry, row[0]) for row in rows]

    def content(self, id_: str, language: str) -> str:
        """Return the full text of an entry, as it was saved."""
        query = "SELECT content FROM entry WHERE release = ? AND language = ?"
        row = self._db.execute(query, (id_, language)).fetchone()
        return _unpacked(row[0]) if row else ""

    def _key(self, files: Mapping[str, str]) -> str:
        """Keep a set of files and return its key."""
        if known := self._keys.get(id(files)):
            return known
        text = json.dumps(dict(files), sort_keys=True, ensure_ascii=False)
        key = digest(text.encode())[:16]
        self._db.execute("INSERT OR IGNORE INTO inputs VALUES (?, ?)", (key, text))
        return key

    # --- files ---

    def digests(self, files: dict[str, Found]) -> dict[str, str]:
        """Return each file's digest, taken anew where its hints changed or were too young to be trusted.

        A file that cannot be read has the digest UNREADABLE; reading it will tell why.
        """
        known = {path: row for path, *row in self._db.execute("SELECT path, hint, seen, digest FROM file")}
        digests: dict[str, str] = {}
        fresh: list[tuple[str, str, int, str]] = []
        for path, file in files.items():
            hint = ",".join(map(str, file.hint))
            row = known.get(path)
            if row and row[0] == hint and file.hint[2] < row[1] - RACY_NS:
                digests[path] = row[2]
                continue
            seen = time.time_ns()
            try:
                digests[path] = digest_file(file.place)
            except OSError:
                digests[path] = UNREADABLE
                continue
            fresh.append((path, hint, seen, digests[path]))
        gone = [(path,) for path in known.keys() - files.keys()]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", fresh)
            self._db.executemany("DELETE FROM file WHERE path = ?", gone)
        return digests


def _packed(text: str) -> bytes:
    """Return a long text as it is kept: a quarter of its length, in a tenth of a millisecond."""
    return zlib.compress(text.encode(), 1)


def _unpacked(data: bytes) -> str:
    return _read(lambda packed: zlib.decompress(packed).decode(), data)


def _read(parse: Callable[[Any], Value], kept: Any) -> Value:
    """Return a value that was kept; raises sqlite3.DatabaseError, as for all that is damaged, where it is none."""
    try:
        return parse(kept)
    except (ValueError, TypeError, zlib.error) as error:
        raise sqlite3.DatabaseError("a row of it cannot be read") from error


def _summary(text: str) -> Summary:
    judged, embargo, standings, problems, *rest = json.loads(text)
    return Summary(judged, embargo, [Standing(*s) for s in standings], [Problem(*p) for p in problems], *rest)


def as_kept(entry: Entry) -> Entry:
    """Return an entry as it will come back from a journal."""
    return _entry(json.dumps(astuple(entry)))


def _entry(text: str) -> Entry:
    """Return an entry from JSON, which knows no tuples."""
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in json.loads(text)]
    return Entry(*values)


@contextmanager
def opened(output: Path, on_wait: Callable[[], None], patience: float = 3600) -> Iterator[Journal]:
    """Yield the journal of an output folder, for this process alone.

    ``on_wait`` is called when another build has it; after ``patience`` seconds that is a problem. A journal that is
    damaged or of another format is made anew: everything is built then. Raises InputError when the folder cannot
    be written.
    """
    folder = output / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        raise InputError(Problem(str(output), 0, f"cannot be written: {error.strerror}", HINT)) from error
    with contextlib.closing(_lock(folder, on_wait, patience)):
        path = folder / "journal.sqlite"
        connection = _connect(path)
        try:
            yield Journal(connection)
        except sqlite3.OperationalError as error:
            raise InputError(Problem(str(folder), 0, f"cannot be written: {error}", HINT)) from error
        except sqlite3.DatabaseError as error:
            connection.close()
            _remove(path)
            # Files of releases that have gone would stay: nothing tells any more that they are ours.
            hint = f"delete {output} and build again"
            raise InputError(Problem(str(path), 0, f"was damaged: {error}", hint)) from error
        finally:
            connection.close()


def _lock(folder: Path, on_wait: Callable[[], None], patience: float) -> sqlite3.Connection:
    """Return a connection that holds the lock until it is closed."""
    for wait in (0.0, patience):
        if lock := locks.take(folder, wait):
            return lock
        if not wait:
            on_wait()
    raise InputError(Problem(str(folder), 0, "another build is still at work here", "wait for it, or stop it"))


def _connect(path: Path) -> sqlite3.Connection:
    """Return a connection to a journal of this format, made anew where it is none."""
    for attempt in range(2):
        connection = None
        try:
            connection = sqlite3.connect(path)
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may cost the last records, and then their releases are built again; files are whole anyway.
            connection.execute("PRAGMA synchronous = NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, FORMAT):
                raise sqlite3.DatabaseError("another format")
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.DatabaseError as error:
            if connection:
                connection.close()
            if isinstance(error, sqlite3.OperationalError):
                raise InputError(Problem(str(path), 0, f"cannot be written: {error}")) from error
            if attempt:
                raise
            _remove(path)
        else:
            return connection
    raise AssertionError("unreachable")


def _remove(path: Path) -> None:
    for part in path.parent.glob(path.name + "*"):
        part.unlink()
