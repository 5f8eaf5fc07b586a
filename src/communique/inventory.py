"""What lies in a newsroom's folder: every input file with the times and sizes that hint at a change.

Paths are relative to the newsroom's folder, with forward slashes. Content is not read here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from communique.errors import InputError, Problem

#: Folders of inputs; of the newsroom's folder itself only newsroom.yaml and pictures (the logo) are.
FOLDERS = ("releases", "locales", "templates")
ROOT_FILES = (".yaml", ".svg", ".png")
DEEPEST = 12

#: Stands for the digest of a file that cannot be read.
UNREADABLE = "unreadable"
#: A file changed as late as this before it was looked at may change again without its times telling.
RACY_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file: where it is, and size, modification and change times (ns) and inode, which hint at its content."""

    place: str
    hint: tuple[int, int, int, int]


def bundled() -> Path:
    """Return the folder of the templates and catalogs that come with the program.

    In a wheel they lie inside the package; in a checkout they are the checkout's own.
    """
    inside = Path(__file__).parent / "bundled"
    return inside if inside.is_dir() else Path(__file__).parents[2]


def scan(root: Path) -> dict[str, Found]:
    """Return every input file by its path, in no particular order.

    A newsroom without templates/ has the program's, and one without a language's messages.po has the program's.
    """
    found: dict[str, Found] = {}
    for name in FOLDERS:
        found.update(_walk(root / name, name))
    found.update((path, file) for path, file in _files(root, "") if path.endswith(ROOT_FILES))
    own = bundled()
    if not (root / "templates").is_dir():
        found.update(_walk(own / "templates", "templates"))
    for path, file in _walk(own / "locales", "locales"):
        if path.endswith("/LC_MESSAGES/messages.po"):
            found.setdefault(path, file)
    return found


def _hidden(name: str) -> bool:
    return name.startswith((".", "~"))


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, Found]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _hidden(entry.name) and entry.is_file():
                    yield prefix + entry.name, _found(entry, prefix + entry.name)
    except FileNotFoundError:
        return


def _found(entry: os.DirEntry[str], path: str) -> Found:
    if not path.isascii():
        _refuse_odd(path)
    stat = entry.stat()
    return Found(entry.path, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))


def _refuse_odd(path: str) -> None:
    """Raise InputError for a name that is not UTF-8, or is not known to be: no page or archive can tell it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "backslashreplace").decode()
        hint = "rename it; or, where other programs show it well, set LC_ALL=C.UTF-8"
        raise InputError(Problem(shown, 0, "its name is not UTF-8", hint)) from None


def _walk(folder: Path | str, prefix: str, depth: int = 0) -> Iterator[tuple[str, Found]]:
    if depth > DEEPEST:
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _hidden(entry.name):
                    continue
                path = f"{prefix}/{entry.name}"
                if entry.is_dir():
                    yield from _walk(entry.path, path, depth + 1)
                elif entry.is_file():
                    yield path, _found(entry, path)
    except (FileNotFoundError, NotADirectoryError):
        return


def hint_of(files: dict[str, Found], now_ns: int) -> str | None:
    """Return one digest of all paths and hints, or None when a file is too young for its hint to be trusted."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(files):
        hint = files[path].hint
        if hint[2] > now_ns - RACY_NS:
            return None
        digest.update(f"{path}\0{hint}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def digest(data: bytes) -> str:
    """Return the digest that stands for a file's content: SHA-256 in hexadecimal, as SHA256SUMS tells it."""
    return hashlib.sha256(data).hexdigest()


def digest_file(place: str) -> str:
    """Return the digest of a file that may be large; raises OSError."""
    with open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
