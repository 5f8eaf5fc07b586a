"""A job → its result: the stages wired together, for the engine to run wherever it likes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from communique import mail, ninjs, plaintext, plan, source, web
from communique.catalog import Translator, path_of
from communique.errors import InputError, Problems
from communique.inventory import digest
from communique.jobs import Job, Result, Shared, Standing, Trace
from communique.letters import fold, width
from communique.localize import LocalizedRelease, localize
from communique.model import Newsroom
from communique.pdf import Printer
from communique.plan import Desk, Edition, Kind, Target
from communique.reader import Reader, in_memory
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
    ``judge`` stands for all of the shared files that a release's plan and texts depend on.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.layer = in_memory(shared.files)
        self.reader = Reader(self.layer)
        self.templates = Templates(self.reader, FILTERS)
        self.printer = Printer(self.reader, self.templates)
        self.problems = Problems()
        self.newsroom = source.load_newsroom(self.reader, self.problems)
        self.desk: Desk | None = None
        try:
            words = self.templates.messages()
        except InputError as error:
            self.problems.extend(error.problems)
            self.newsroom, words = None, ()
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
                if edition.targets:
                    _Sheet(self, self.newsroom, edition, job, reader).fill(result)
            _sums(release.id, job, result)
        result.problems = list(problems)
        return result

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files that every public page shares, with their paths below the output folder.

        Raises InputError for a fault in a template.
        """
        if self.newsroom:
            for target in plan.assets(self.newsroom):
                if target.kind is Kind.STYLE:
                    style = self.templates.render("web/site.css.j2", Translator(), accent=str(self.newsroom.accent))
                    yield target.path, style.encode()
                else:
                    yield target.path, self.reader.read(target.source)


def _sums(id_: str, job: Job, result: Result) -> None:
    """Put the list of digests of a release's files for journalists into the result, in the form of sha256sum."""
    folder = f"press/{id_}/"
    names = {
        path.removeprefix(folder): t.output for path, t in sorted(result.traces.items()) if path.startswith(folder)
    }
    if not names:
        return
    path = f"{folder}SHA256SUMS"
    data = "".join(f"{output}  {name}\n" for name, output in names.items()).encode()
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


class _Sheet:
    """One edition while it is rendered: what several of its files need is made once, and only if one is due."""

    def __init__(self, press: Press, newsroom: Newsroom, edition: Edition, job: Job, reader: Reader) -> None:
        self.press = press
        self.newsroom = newsroom
        self.edition = edition
        self.job = job
        self.reader = reader
        self.words = Translator(edition.words)
        # A product with the files that it was made of.
        self._made: dict[Kind, tuple[bytes, set[str]]] = {}
        self._failed: dict[Kind, InputError] = {}
        self._page = ""

    @cached_property
    def release(self) -> LocalizedRelease:
        return localize(self.edition, self.newsroom)

    @cached_property
    def subject(self) -> str:
        """The digest of all that templates are shown, and of what else makes an output besides files."""
        smtp, pdf = self.newsroom.smtp, self.newsroom.pdf
        parts = (self.release, smtp and smtp.sender, pdf, self.edition.release.date.at, self.press.shared.recipe)
        return digest(repr(parts).encode())

    def fill(self, result: Result) -> None:
        """Put what is due of the edition into the result, with the traces of all that stands."""
        wanted = self.edition.language in self.job.languages
        for target in self.edition.targets:
            result.planned.append(target.path)
            trace = self.job.traces.get(target.path)
            try:
                if target.kind is Kind.COPY:
                    self._copy(target, trace, result, wanted=wanted and target.format in self.job.formats)
                elif trace and self._current(trace):
                    result.traces[target.path] = trace
                elif wanted and target.format in self.job.formats:
                    made, result.traces[target.path] = self._make(target)
                    result.made[target.path] = made
            except InputError as error:
                result.failed.append(target.path)
                result.failures += [p for p in error.problems if p not in result.failures]

    def _copy(self, target: Target, trace: Trace | None, result: Result, *, wanted: bool) -> None:
        now = Trace({}, self._digest(target.source), self._digest(target.source))
        if trace == now:
            result.traces[target.path] = now
        elif wanted:
            result.copies[target.path] = target.source
            result.traces[target.path] = now

    def _digest(self, path: str) -> str:
        return self.job.digests.get(path) or self.press.shared.digests.get(path, "absent")

    def _current(self, trace: Trace) -> bool:
        return trace.subject == self.subject and all(self._digest(p) == d for p, d in trace.files.items())

    def _make(self, target: Target) -> tuple[bytes, Trace]:
        """Return a target's bytes and trace; raises InputError."""
        data, used = self.product(target.kind)
        files = {path: self._digest(path) for path in sorted(used)}
        page = self._page if target.kind is Kind.PDF else ""
        return data, Trace(files, self.subject, digest(data), page)

    def product(self, kind: Kind) -> tuple[bytes, set[str]]:
        """Return one kind of output with the files it was made of; each is made once, and fails once."""
        if kind in self._failed:
            raise self._failed[kind]
        if kind not in self._made:
            try:
                with self.press.reader.noting() as used:
                    data = self._render(kind, used)
            except InputError as error:
                self._failed[kind] = error
                raise
            if self.edition.language != "en":
                used.add(path_of(self.edition.language, "messages"))
            self._made[kind] = data, used
        return self._made[kind]

    def _render(self, kind: Kind, used: set[str]) -> bytes:
        press, edition = self.press, self.edition
        match kind:
            case Kind.PAGE:
                return web.page(self.release, press.templates, self.words)
            case Kind.PDF:
                return self._pdf(used)
            case Kind.HTML:
                return mail.html(self.release, press.templates, self.words, edition.release.path)
            case Kind.TEXT:
                return mail.text(self.release, press.templates, self.words)
            case Kind.NINJS:
                return ninjs.item(self.release)
            case _:
                subject = fold(press.templates.render("mail/subject.txt.j2", self.words, release=self.release))
                text, html = (self._part(part, used) for part in (Kind.TEXT, Kind.HTML))
                pdf = b"" if self.release.retracted else self._part(Kind.PDF, used)
                return mail.message(self.release, edition.release, self.newsroom, subject, (text, html, pdf))

    def _part(self, kind: Kind, used: set[str]) -> bytes:
        """Return a product that another one holds, and count the files it was made of with that one's."""
        data, files = self.product(kind)
        used |= files
        return data

    def _pdf(self, used: set[str]) -> bytes:
        """Return the PDF: the one in place, where nothing it shows has changed, or a new one."""
        press, edition, release = self.press, self.edition, self.edition.release
        layout = press.printer.layout(self.newsroom, self.release.language)
        page = press.printer.page(layout, self.release, self.newsroom, self.words)
        stem = f"{release.id}.{edition.language}"
        attached = {
            f"{stem}.json": self._part(Kind.NINJS, used),
            f"{stem}.txt": self._part(Kind.TEXT, used),
        }
        parts = (self.newsroom.pdf.variant, press.shared.recipe, page, *attached.values())
        self._page = digest(repr(parts).encode())
        pictures = {
            f"{release.folder}/{name}" for name in (*(i.file for i in release.images), *release.inline_pictures)
        }
        path = next(t.path for t in self.edition.targets if t.kind is Kind.PDF)
        kept, trace = self.job.kept.get(path), self.job.traces.get(path)
        # What shapes a PDF besides its page; templates count by the page that came of them.
        if kept and trace and trace.page == self._page:
            shaping = {p: d for p, d in trace.files.items() if not p.endswith((".j2", ".po"))}
            if all(self._digest(p) == d for p, d in shaping.items()) and pictures <= shaping.keys():
                used.update(shaping)
                return kept
        pdf = press.printer.print(page, layout, self.release, release, self.reader, self.newsroom.pdf.variant, attached)
        used |= pictures
        return pdf
