"""What of a newsroom may go out: releases that are in order, with their built files as they were built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from communique import engine, source, survey
from communique.copies import Original
from communique.errors import InputError, Problem, Problems
from communique.intake import Request
from communique.inventory import digest
from communique.jobs import Shared
from communique.journal import Record
from communique.mailing import Offer
from communique.model import LANGUAGES, Newsroom, Release
from communique.plan import Edition, State
from communique.press import Press


@dataclass(frozen=True)
class Parcel:
    """A release that may go out. ``files`` are those for journalists by their names, of all languages that are out."""

    release: Release
    offer: Offer
    files: dict[str, bytes]
    pictures: dict[str, bytes]

    def original(self, language: str) -> Original:
        """Return the message of one language; raises InputError for one that cannot be sent."""
        name = f"{self.release.id}.{language}.eml"
        return Original(self.files[name], f"output/press/{self.release.id}/{name}")


def parcels(
    root: Path, output: Path, ids: Iterable[str], problems: Problems, on_wait: Callable[[], None]
) -> tuple[Newsroom, list[Parcel]]:
    """Return those of the asked-for releases that may go out; why the others may not is told.

    Raises UsageError for a release that is not there, InputError when newsroom.yaml cannot be read.
    """
    now = datetime.now(UTC)
    request = Request(now, ids=tuple(dict.fromkeys(ids)))
    presses: list[Press] = []

    def make(shared: Shared) -> Press:
        # Templates take long to read: the survey has the same press.
        presses.append(Press(shared))
        return presses[0]

    records = engine.standing(root, output, request, make, source.find_among, on_wait)
    found = survey.survey(root, request.ids, presses[0])
    newsroom, desk = found.newsroom, found.press.desk
    if newsroom is None or desk is None:
        raise InputError(*found.problems)
    shared = [problem for problem in found.problems if not problem.warning]
    ready = []
    for reader, release in found.releases():
        own = Problems()
        editions = desk.editions(reader, release, now, own)
        faults = [p for p in (*shared, *own) if not p.warning and not _is_of_held(p, editions)]
        faults = faults or list(_reasons(release, editions, records.get(release.id)))
        if not faults:
            try:
                pictures = {name: reader.read(f"{release.folder}/{name}") for name in _enclosed(release)}
                files = _files(output, release, records[release.id], editions)
                ready.append(Parcel(release, _offer(release, editions), files, pictures))
            except InputError as error:
                faults = list(error.problems)
        problems.extend(faults)
    problems.extend(problem for problem in found.problems if not problem.warning)
    return newsroom, ready


def _is_of_held(problem: Problem, editions: Iterable[Edition]) -> bool:
    """Whether a problem is a catalog's whose language is held back anyway."""
    return any(problem.path.startswith(f"locales/{e.language}/") for e in editions if e.state is State.HELD)


def _reasons(release: Release, editions: Iterable[Edition], record: Record | None) -> Iterator[Problem]:
    """Yield why a release as a whole may not go out."""
    line = release.title.line
    if release.status == "draft":
        yield Problem(release.path, line, "is a draft, and is not sent", "write status: ready when it is")
    elif all(edition.state is State.HELD for edition in editions):
        reasons = "; ".join(f"{e.language}: {e.because}" for e in editions)
        yield Problem(release.path, line, "is held back in every language, and is not sent", reasons)
    elif record is None:
        hint = f"run: python build.py build {release.id}"
        yield Problem(release.path, line, "is not built as it is now, and is not sent", hint)


def _offer(release: Release, editions: Iterable[Edition]) -> Offer:
    out = {e.language for e in editions if e.state in (State.PUBLIC, State.EMBARGO, State.RETRACTED)}
    held = {e.language: f"held back: {e.because}" for e in editions if e.language not in out}
    absent = dict.fromkeys(LANGUAGES, "not a language of the release")
    sensitive = any(edition.state is State.EMBARGO for edition in editions)
    languages = tuple(language for language in LANGUAGES if language in out)
    retracted = release.status == "retracted"
    tags = tuple(map(str, release.tags))
    return Offer(release.id, release.version, languages, {**absent, **held}, tags, sensitive, retracted)


def _files(output: Path, release: Release, record: Record, editions: Iterable[Edition]) -> dict[str, bytes]:
    """Return the built files for journalists; raises InputError for one that is not as it was built."""
    files: dict[str, bytes] = {}
    folder = f"press/{release.id}/"
    for path in (target.path for e in editions for target in e.targets if target.path.startswith(folder)):
        try:
            data = (output / path).read_bytes()
        except OSError:
            data = b""
        trace = record.traces.get(path)
        if trace is None or digest(data) != trace.output:
            hint = f"run: python build.py build --force {release.id}"
            raise InputError(Problem(f"{output.name}/{path}", 0, "is not as it was built, and is not sent", hint))
        files[path.removeprefix(folder)] = data
    return files


def _enclosed(release: Release) -> Iterable[str]:
    """Return the names of a release's pictures and files, each once."""
    return dict.fromkeys((*release.pictures, *(str(item.file) for item in release.attachments)))
