"""What can go wrong, told so that a press officer can mend it.

Exceptions::

    CommuniqueError
      InputError      something in the newsroom's files; carries problems
      UsageError      the command line was wrong
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and where.

    ``path`` is relative to the newsroom's folder, with forward slashes; ``line`` counts from 1, and 0
    stands for the file as a whole. A ``warning`` is told, and stops nothing.
    """

    path: str
    line: int
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {'warning: ' if self.warning else ''}{self.message}" + (f"; {self.hint}" if self.hint else "")


class CommuniqueError(Exception):
    """The root of the errors that the program tells without a traceback."""


class InputError(CommuniqueError):
    """Files of the newsroom that cannot be used; ``problems`` says why, one or more."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class UsageError(CommuniqueError):
    """A command line that asks for something that is not there."""


class Problems:
    """Problems in the order they are found; a stage that can go on collects instead of raising."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, path: str, line: int, message: str, hint: str = "") -> None:
        self._found[Problem(path, line, message, hint)] = None

    def extend(self, problems: Iterable[Problem]) -> None:
        self._found.update(dict.fromkeys(problems))

    @property
    def serious(self) -> int:
        """How many there are without the warnings."""
        return sum(not problem.warning for problem in self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


#: More known words than these are not listed in a hint.
MOST_NAMED = 24


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word nearest to ``word``, or all where none is near and they are few."""
    choices = list(known)
    if close := get_close_matches(word, choices, n=1, cutoff=0.6):
        return f"did you mean '{close[0]}'?"
    return f"known here: {', '.join(choices)}" if 0 < len(choices) <= MOST_NAMED else ""
