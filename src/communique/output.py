"""The output folder: each file in it is whole or absent, and only files of ours are removed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from communique.errors import InputError, Problem, Problems
from communique.journal import FOLDER, HINT


def write_whole(place: Path, data: bytes, unfinished: Path | None = None) -> None:
    """Write a file, whole whenever it is there; raises InputError when the disk is full or the folder locked.

    ``unfinished`` is where it is written first; a hidden file beside it if nothing is said, or that is on another disk.
    """
    beside = place.with_name(f".{place.name}.unfinished")
    unfinished = unfinished or beside
    try:
        try:
            _write(place, data, unfinished)
        except FileNotFoundError:
            # Most folders are there already: asking before each file takes as long as renaming it.
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, data, unfinished)
    except OSError as error:
        if error.errno == errno.EXDEV and unfinished != beside:
            # A folder of output/ may be another disk's.
            return write_whole(place, data)
        raise InputError(Problem(str(place), 0, f"cannot be written: {error.strerror}", HINT)) from error


def _write(place: Path, data: bytes, unfinished: Path) -> None:
    try:
        unfinished.write_bytes(data)
        unfinished.replace(place)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


class Output:
    """Writes and removes below one folder, by paths relative to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Tens of thousands of files and folders are looked at by their names alone: joining paths takes longer.
        self._base = f"{folder}/"
        # On the same disk as what it becomes; what a killed build left there goes with the next write.
        self._unfinished = folder / FOLDER / "unfinished"

    def has(self, path: str) -> bool:
        return os.path.isfile(self._base + path)  # noqa: PTH113 (see _base)

    def read(self, path: str) -> bytes:
        """Return a file's bytes, none for a file that is not there."""
        try:
            return (self.folder / path).read_bytes()
        except OSError:
            return b""

    def write(self, path: str, data: bytes) -> bool:
        """Write a file, whole whenever it is there; return False for one that had these bytes already.

        Raises InputError when the disk is full or the folder cannot be written to.
        """
        place = self.folder / path
        if place.is_file() and self.read(path) == data:
            return False
        write_whole(place, data, self._unfinished)
        return True

    def withdraw(self, paths: Iterable[str], problems: Problems) -> tuple[list[str], list[str]]:
        """Remove files and the folders that this leaves empty; return those removed, and those that would not go."""
        removed, left = [], []
        for path in paths:
            place = self.folder / path
            try:
                place.unlink()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                problems.add(str(place), 0, f"must not be there, and cannot be removed: {error.strerror}", HINT)
                left.append(path)
                continue
            removed.append(path)
            with contextlib.suppress(OSError):  # a folder that is not empty stays
                for folder in place.parents:
                    if folder == self.folder:
                        break
                    folder.rmdir()
        return removed, left

    def times(self, known: Mapping[str, int]) -> dict[str, int]:
        """Return each folder's time of change (ns): it tells of a file that was added, removed or replaced.

        ``known`` are the times from before: a folder that has the same one has the same folders in it, too.
        """
        found: dict[str, int] = {}
        waiting = [*known, "press", "site"]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found[path] = at = self.time(path)
            if at != known.get(path):
                with contextlib.suppress(OSError), os.scandir(self._base + path) as entries:
                    waiting += [f"{path}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False)]
        return {path: at for path, at in found.items() if at or "/" not in path}

    def time(self, path: str) -> int:
        """Return one folder's time of change (ns), 0 where there is none."""
        try:
            return os.stat(self._base + path).st_mtime_ns  # noqa: PTH116 (see _base)
        except OSError:
            return 0
