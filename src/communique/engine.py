"""Renders what is planned and writes it: each file whole, or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from communique.errors import InputError, Problem, Problems
from communique.plan import Edition, Target

#: A target with its bytes, or with the problems that it has instead.
Result = tuple[Target, bytes | tuple[Problem, ...]]
Render = Callable[[Edition], Iterator[Result]]


@dataclass
class Outcome:
    """What a build did: paths below the output folder, in the order they were made."""

    made: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)


def build(editions: Iterable[Edition], render: Render, output: Path, on_done: Callable[[Edition], None]) -> Outcome:
    """Make the targets of all editions, and tell ``on_done`` of each."""
    outcome = Outcome()
    for edition in editions:
        put(render(edition), output, outcome)
        on_done(edition)
    return outcome


def put(results: Iterable[Result], output: Path, outcome: Outcome) -> None:
    """Write results; a target that failed costs itself alone, and its old file is taken away."""
    for target, result in results:
        try:
            if isinstance(result, bytes):
                write(output, target.path, result)
                outcome.made.append(target.path)
            else:
                outcome.problems.extend(result)
                withdraw([target.path], output, outcome)
        except InputError as error:
            outcome.problems.extend(error.problems)


def write(output: Path, path: str, data: bytes) -> None:
    """Write a file so that it is whole whenever it is there; one that has these bytes is left alone.

    Raises InputError when the folder cannot be written to.
    """
    place = output / path
    try:
        if place.is_file() and place.read_bytes() == data:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        hint = "check the disk's free space and the folder's permissions"
        raise InputError(Problem(str(place), 0, f"cannot be written: {error.strerror}", hint)) from error


def withdraw(paths: Iterable[str], output: Path, outcome: Outcome) -> None:
    """Remove files that must not be there, and the folders that this leaves empty."""
    for path in paths:
        place = output / path
        try:
            place.unlink()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            outcome.problems.add(str(place), 0, f"must not be there, and cannot be removed: {error.strerror}")
            continue
        outcome.removed.append(path)
        for folder in place.parents:
            if folder == output or any(folder.iterdir()):
                break
            folder.rmdir()
