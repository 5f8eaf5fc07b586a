"""A job → its result: the stages wired together, for the engine to run wherever it likes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from communique import messages, packs, plaintext, source
from communique.errors import InputError, Problems
from communique.inventory import digest
from communique.jobs import Entry, Job, Result, Shared, Standing, Trace
from communique.letters import width
from communique.messages import Message
from communique.newsstand import Newsstand
from communique.pdf import Printer
from communique.plan import Desk, State
from communique.reader import Reader, in_memory
from communique.rendering import Pack, Sheet, Studio, fill_pages
from communique.templates import Templates

FILTERS: dict[str, Callable[..., Any]] = {
    "bare": str.__str__,
    "circled": plaintext.circled,
    "plain": plaintext.render,
    "shortened": plaintext.shortened,
    "wrap": plaintext.wrap,
    "columns": width,
}

#: What is only copied does not travel with a job: files other than texts and pictures.
CARRIED = (".yaml", ".md", ".po", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg")


class Press:
    """Makes releases in one process, with one state of the files that all releases share.

    ``problems`` are those of the shared files; ``newsroom`` is None when nothing can be made because of them.
    ``judge`` stands for all of the shared files that a release's plan and texts depend on; ``shared`` has the
    templates' messages, which need not be found again.
    """

    def __init__(self, shared: Shared) -> None:
        self.layer = in_memory(shared.files)
        self.reader = Reader(self.layer)
        self.templates = Templates(self.reader, FILTERS, shared.recipe)
        self.studio = Studio(shared, self.reader, self.templates, Printer(self.reader, self.templates))
        self.problems = Problems()
        self.newsroom = source.load_newsroom(self.reader, self.problems)
        self.desk: Desk | None = None
        words: tuple[Message, ...] = ()
        try:
            words = messages.unpacked(shared.words) if shared.words else self.templates.messages()
        except InputError as error:
            self.problems.extend(error.problems)
            self.newsroom = None
        self.shared = shared if shared.words else replace(shared, words=messages.packed(words))
        if self.newsroom:
            self.desk = Desk(self.reader, self.newsroom, words, self.problems)
        judged = {path: shared.digests[path] for path in shared.files if not path.startswith("templates/")}
        asked = sorted((message.context or "", message.text) for message in words)
        self.judge = digest(json.dumps([sorted(judged.items()), asked, shared.recipe]).encode())

    @property
    def ready(self) -> bool:
        """Whether releases can be judged and made."""
        return self.newsroom is not None

    def work(self, job: Job) -> Result:
        """Return what came of a job; what is wrong with the release is in the result."""
        result, problems = Result(job.id), Problems()
        reader = Reader(_own_layer(job), self.layer)
        release = source.load_release(reader, job.id, job.path, self.newsroom, problems)
        if release and self.desk and self.newsroom:
            editions = self.desk.editions(reader, release, job.now, problems, drafts=job.drafts)
            embargo = release.embargo.at.isoformat() if release.embargo else ""
            for edition in editions:
                standing = Standing(release.id, edition.language, edition.state.value, edition.because, embargo)
                result.standings.append(standing)
            sheets = [
                Sheet(self.studio, self.newsroom, edition, job, reader) for edition in editions if edition.targets
            ]
            public = [sheet for sheet in sheets if sheet.edition.state is State.PUBLIC]
            pack = Pack(public) if public else None
            kept = {target.path for sheet in sheets for target in sheet.edition.targets}
            kept |= {pack.path} if pack and (pack.stands or pack.wanted) else set()
            # No page may go on leading to what goes, whatever this build was asked for.
            lost = any(path.startswith("site/") and path not in kept for path in job.traces)
            for sheet in sheets:
                sheet.fill(result, anew=lost)
            if pack:
                pack.fill(result)
            fill_pages(sheets, result, anew=lost)
            _sums(release.id, job, result)
        result.problems = list(problems)
        return result

    def shelve(self, entries: list[Entry], content: Callable[[str, str], str], traces: Mapping[str, Trace]) -> Result:
        """Return what is due of the pages that show several releases, and of what all pages share.

        ``content`` gives an entry's full text; ``traces`` are those whose files have not changed.
        """
        if not self.newsroom or not self.desk:
            return Result("")
        return Newsstand(self.shared, self.reader, self.templates, traces).fill(
            self.newsroom, self.desk, entries, content
        )


def _sums(id_: str, job: Job, result: Result) -> None:
    """Put the list of digests of a release's files for journalists into the result, in the form of sha256sum."""
    folder = f"press/{id_}/"
    names = {
        path.removeprefix(folder): t.output for path, t in sorted(result.traces.items()) if path.startswith(folder)
    }
    if not names:
        return
    path = f"{folder}SHA256SUMS"
    data = packs.sums_of(names)
    trace = Trace({}, (known := digest(data)), known)
    result.planned.append(path)
    result.traces[path] = trace
    if job.traces.get(path) != trace:
        result.made[path] = data


def _own_layer(job: Job) -> dict[str, Callable[[str], bytes]]:
    """Return a job's files for its reader; one that did not travel is there, and cannot be read."""

    def missing(_: str) -> bytes:
        raise OSError(0, "it is only copied")

    return {**dict.fromkeys(job.digests, missing), **in_memory(job.files)}
