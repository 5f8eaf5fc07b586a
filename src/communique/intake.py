"""The files of an inventory → what all releases share, and one job a release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from communique.errors import InputError, Problem, UsageError, nearest
from communique.inventory import UNREADABLE, Found, digest
from communique.jobs import Job, Shared, Trace

#: Files of locales/ that belong to no release.
SHARED_LOCALES = ("/newsroom.po", "/messages.po", "/glossary.csv")


@dataclass(frozen=True)
class Request:
    """What is asked for: all releases, or ``ids``; in some languages and formats; as of ``now``."""

    now: datetime
    ids: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("ko", "en", "fr")
    formats: tuple[str, ...] = ("html", "pdf", "email")
    drafts: bool = False
    force: bool = False

    @property
    def whole(self) -> bool:
        return not self.ids and len(self.languages) == 3 and len(self.formats) == 3


def asked(found: Mapping[str, str], ids: Iterable[str]) -> dict[str, str]:
    """Return the asked-for releases, all where ``ids`` is empty; raises UsageError for one that is not there."""
    wanted = dict.fromkeys(ids)
    for id_ in wanted:
        if id_ not in found:
            raise UsageError("; ".join(filter(None, (f"there is no release '{id_}'", nearest(id_, found)))))
    return {id_: path for id_, path in found.items() if not wanted or id_ in wanted}


def is_shared(path: str) -> bool:
    """Whether a file is not one release's own."""
    return not path.startswith("releases/") and (not path.startswith("locales/") or path.endswith(SHARED_LOCALES))


def shared(files: Mapping[str, Found], digests: Mapping[str, str], recipe_: str) -> Shared:
    """Return the files that all releases share, with their digests as of now; raises InputError as :func:`job` does.

    One that could not be read before either is left out, and told when it is missed.
    """
    contents = _contents((path for path in files if is_shared(path)), files, digests)
    return Shared(contents, {path: digest(data) for path, data in contents.items()}, recipe_)


def _contents(paths: Iterable[str], files: Mapping[str, Found], digests: Mapping[str, str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for path in paths:
        try:
            contents[path] = Path(files[path].place).read_bytes()
        except OSError as error:
            if digests[path] != UNREADABLE:
                message = f"has gone while it was read: {error.strerror}"
                raise InputError(Problem(path, 0, message, "build again")) from error
    return contents


def templates(shared: Shared) -> str:
    """Return what stands for the templates and the program that reads them."""
    read = sorted((path, known) for path, known in shared.digests.items() if path.startswith("templates/"))
    return digest(repr((read, shared.recipe)).encode())


def groups(files: Iterable[str], found: Mapping[str, str]) -> dict[str, list[str]]:
    """Return each release's own files: its YAML, its text, what lies in its folder, and its catalogs."""
    stems = {path.removesuffix(".yaml"): id_ for id_, path in found.items()}
    own: dict[str, list[str]] = {id_: [] for id_ in found}
    for path in sorted(files):
        if path.startswith("releases/"):
            stem, _, ending = path.rpartition(".")
            owner: str | None = stems.get(stem) if ending in ("yaml", "md") else None
            owner = owner or stems.get(path.rpartition("/")[0])
        elif path.startswith("locales/") and path.endswith(".po"):
            owner = path.rpartition("/")[2].removesuffix(".po")
        else:
            continue
        if owner in own:
            own[owner].append(path)
    return own


def job(
    id_: str,
    path: str,
    own: Iterable[str],
    files: Mapping[str, Found],
    digests: Mapping[str, str],
    request: Request,
    carried: tuple[str, ...],
    traces: Mapping[str, Trace] | None = None,
    kept: Mapping[str, bytes] | None = None,
) -> Job:
    """Return the job of one release; only files with the ``carried`` endings travel with it.

    Of these it has the digests of what travels: a file may have been changed since ``digests`` were taken. Raises
    InputError where one has gone since.
    """
    own = tuple(own)
    contents = _contents((one for one in own if one.lower().endswith(carried)), files, digests)
    return Job(
        id=id_,
        path=path,
        files=contents,
        digests={one: digest(contents[one]) if one in contents else digests[one] for one in own},
        now=request.now,
        drafts=request.drafts,
        languages=request.languages,
        formats=request.formats,
        traces=traces or {},
        kept=kept or {},
    )
