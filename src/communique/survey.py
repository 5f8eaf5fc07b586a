"""A newsroom read for looking at it: its releases one by one, each with what is wrong with it. Nothing is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from communique import intake, inventory, source
from communique.errors import Problems
from communique.inventory import Found
from communique.model import Newsroom, Release
from communique.plan import Edition
from communique.press import Press
from communique.reader import Reader, on_disk


@dataclass
class Survey:
    """``found`` are the asked-for releases' files by ID; ``problems`` grow as releases are read."""

    files: dict[str, Found]
    press: Press
    found: dict[str, str]
    problems: Problems = field(default_factory=Problems)

    @property
    def newsroom(self) -> Newsroom | None:
        return self.press.newsroom

    def reader(self, paths: Iterable[str]) -> Reader:
        """Return a reader of some files besides those that all releases share."""
        return Reader(on_disk({path: self.files[path].place for path in paths}), self.press.layer)

    def releases(self) -> Iterator[tuple[Reader, Release]]:
        """Yield the releases that can be read, with their readers; the others' problems are told."""
        groups = intake.groups(self.files, self.found)
        for id_, path in self.found.items():
            reader = self.reader(groups[id_])
            if release := source.load_release(reader, id_, path, self.newsroom, self.problems):
                yield reader, release

    def editions(self, now: datetime) -> Iterator[Edition]:
        """Yield each readable release in each of its languages, judged as of ``now``."""
        for reader, release in self.releases():
            if self.press.desk:
                yield from self.press.desk.editions(reader, release, now, self.problems)


def survey(root: Path, ids: Iterable[str], press: Press | None = None) -> Survey:
    """Return a newsroom's survey, by a press that is there already or a new one.

    Raises UsageError for an ID that no release has.
    """
    files = inventory.scan(root)
    # Nothing is kept, so names do for digests.
    press = press or Press(intake.shared(files, dict(zip(files, files, strict=True)), ""))
    problems = Problems()
    found = intake.asked(source.find_among(files, problems), ids)
    problems.extend(press.problems)
    return Survey(files, press, found, problems)
