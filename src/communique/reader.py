"""The only door to input files, which notes what is read through it.

Every path is relative to the newsroom's folder and has forward slashes, as in problems. A reader holds one state
of the newsroom: files in memory, so that a release can be built on a machine that does not have the folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from communique.errors import InputError, Problem

MAX_TEXT_BYTES = 4 * 1024 * 1024
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")

#: Gives a file's bytes; raises OSError.
Fetch = Callable[[str], bytes]


class Reader:
    """Files by their paths; each is fetched when it is first read.

    ``layers`` are looked up in turn: those of a release, then those that all releases share.
    """

    def __init__(self, *layers: Mapping[str, Fetch]) -> None:
        self._layers = layers
        self._bytes: dict[str, bytes] = {}
        self._notes: list[set[str]] = []
        self._folders: dict[str, set[str]] | None = None

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """Yield a set that fills with the paths asked for inside the block."""
        notes: set[str] = set()
        self._notes.append(notes)
        try:
            yield notes
        finally:
            self._notes.remove(notes)

    def note(self, *paths: str) -> None:
        """Note paths that are used without being read anew, out of a cache."""
        if self._notes:
            self._notes[-1].update(paths)

    def _fetch(self, path: str) -> Fetch | None:
        return next((layer[path] for layer in self._layers if path in layer), None)

    def exists(self, path: str) -> bool:
        self.note(path)
        return self._fetch(path) is not None

    def listing(self, folder: str) -> tuple[str, ...]:
        """Return the names in a folder, sorted, folders with a closing slash."""
        if self._folders is None:
            self._folders = {}
            for layer in self._layers:
                for path in layer:
                    parts = path.split("/")
                    for depth in range(len(parts)):
                        name = parts[depth] + "/" * (depth < len(parts) - 1)
                        self._folders.setdefault("/".join(parts[:depth]), set()).add(name)
        return tuple(sorted(self._folders.get(folder, ())))

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises InputError when it cannot be read."""
        self.note(path)
        if path not in self._bytes:
            fetch = self._fetch(path)
            if fetch is None:
                raise InputError(Problem(path, 0, "there is no such file"))
            try:
                self._bytes[path] = fetch(path)
            except OSError as error:
                raise InputError(Problem(path, 0, f"cannot be read: {error.strerror}")) from error
        return self._bytes[path]

    def text(self, path: str) -> str:
        """Return a file as text with ``\\n`` line ends; raises InputError with the line that is not UTF-8."""
        data = self.read(path)
        if len(data) > MAX_TEXT_BYTES:
            raise InputError(Problem(path, 0, f"is larger than {MAX_TEXT_BYTES >> 20} MB", "is it a text file?"))
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            hint = "save the file as UTF-8 in your editor"
            raise InputError(Problem(path, line, "is not UTF-8 text", hint)) from None
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if bad := _CONTROL.search(text):
            message = f"holds a control character (U+{ord(bad[0]):04X})"
            line = text.count("\n", 0, bad.start()) + 1
            raise InputError(Problem(path, line, message, "delete it; it came with a copied text"))
        return text


def on_disk(places: Mapping[str, str]) -> dict[str, Fetch]:
    """Return a layer of files on this machine, by the places where they are."""

    def fetch(path: str) -> bytes:
        with open(places[path], "rb") as file:
            return file.read()

    return dict.fromkeys(places, fetch)


def in_memory(files: Mapping[str, bytes]) -> dict[str, Fetch]:
    """Return a layer of files that were read already."""
    return dict.fromkeys(files, files.__getitem__)
