"""A job → its result: the stages wired together, for the engine to run wherever it likes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from communique import cards, localize, mail, ninjs, packs, pictures, plaintext, source, web
from communique.catalog import Translator, path_of
from communique.errors import InputError, Problem, Problems
from communique.inventory import digest
from communique.jobs import Entry, Job, Result, Shared, Standing, Trace
from communique.letters import fold, width
from communique.localize import LocalizedRelease
from communique.model import Newsroom
from communique.newsstand import Newsstand
from communique.pdf import Printer
from communique.plan import Desk, Edition, Kind, State, Target, pack_path
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

#: A release's smaller pictures are made once and wait for its other languages.
KEPT_PICTURES = 60


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
        self._narrowed: dict[tuple[str, int], bytes] = {}
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

    def narrowed(self, reader: Reader, target: Target, source: str) -> bytes:
        """Return a smaller picture, made once for all languages of a release; raises InputError."""
        key = (source, target.width)
        if key not in self._narrowed:
            if len(self._narrowed) > KEPT_PICTURES:
                self._narrowed.clear()
            try:
                self._narrowed[key] = pictures.narrowed(reader.read(target.source), target.width)
            except ValueError as error:
                raise InputError(Problem(target.source, 0, str(error))) from None
        return self._narrowed[key]

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
            sheets = [_Sheet(self, self.newsroom, edition, job, reader) for edition in editions if edition.targets]
            for sheet in sheets:
                sheet.fill(result)
            public = [sheet for sheet in sheets if sheet.edition.state is State.PUBLIC]
            if public:
                _Pack(public).fill(result)
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
        return localize.localize(self.edition, self.newsroom)

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
                if target.kind is Kind.RENDITION:
                    self._narrow(target, trace, result, wanted=wanted and target.format in self.job.formats)
                elif target.kind is Kind.COPY:
                    self._copy(target, trace, result, wanted=wanted and target.format in self.job.formats)
                elif trace and self._current(trace):
                    result.traces[target.path] = trace
                elif wanted and target.format in self.job.formats:
                    made, result.traces[target.path] = self._make(target)
                    result.made[target.path] = made
            except InputError as error:
                result.failed.append(target.path)
                result.failures += [p for p in error.problems if p not in result.failures]
            if target.kind is Kind.PAGE and target.path in result.traces:
                result.entries.append(self.entry())
                result.contents[self.edition.language] = web.content(self.release)

    def entry(self) -> Entry:
        """Return what front pages tell of the edition."""
        shown, release = self.release, self.edition.release
        first = next(iter(shown.images), None) if not shown.retracted else None
        picture: tuple[str, int, int] | tuple[()] = ()
        if first:
            name, width = first.renditions[0] if first.renditions else (first.file, first.width)
            picture = (name, width, round(first.height * width / first.width) if first.width else 0)
        return Entry(
            release=shown.id,
            language=shown.language,
            title=str(shown.title),
            summary="" if shown.retracted else str(shown.summary),
            day=shown.day.text,
            iso=shown.day.iso,
            published=shown.published,
            modified=shown.modified,
            version=shown.version,
            retracted=shown.retracted,
            source_language=shown.source_language,
            tags=() if shown.retracted else shown.tags,
            alternates=shown.alternates,
            aliases=tuple(map(str, release.aliases)),
            picture=picture,
            content=digest(web.content(shown).encode()),
        )

    def _narrow(self, target: Target, trace: Trace | None, result: Result, *, wanted: bool) -> None:
        """Put a smaller picture into the result; one that is in place is known by the picture it was made of."""
        files = {target.source: self.digest_of(target.source)}
        subject = f"{target.width} {self.press.shared.recipe}"
        if trace and trace.subject == subject and trace.files == files:
            result.traces[target.path] = trace
        elif wanted:
            data = self.press.narrowed(self.reader, target, files[target.source])
            result.made[target.path] = data
            result.traces[target.path] = Trace(files, subject, digest(data))

    def _copy(self, target: Target, trace: Trace | None, result: Result, *, wanted: bool) -> None:
        now = Trace({}, self.digest_of(target.source), self.digest_of(target.source))
        if trace == now:
            result.traces[target.path] = now
        elif wanted:
            result.copies[target.path] = target.source
            result.traces[target.path] = now

    def digest_of(self, path: str) -> str:
        """Return the digest of a file as it is now."""
        return self.job.digests.get(path) or self.press.shared.digests.get(path, "absent")

    def _current(self, trace: Trace) -> bool:
        return trace.subject == self.subject and self.holds(trace)

    def holds(self, trace: Trace) -> bool:
        """Whether the files that a trace names are as they were."""
        return all(self.digest_of(p) == d for p, d in trace.files.items())

    def _make(self, target: Target) -> tuple[bytes, Trace]:
        """Return a target's bytes and trace; raises InputError."""
        data, used = self.product(target.kind)
        files = {path: self.digest_of(path) for path in sorted(used)}
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
            case Kind.CARD:
                return cards.draw(self.release, press.reader)
            case Kind.TEXT:
                return mail.text(self.release, press.templates, self.words)
            case Kind.NINJS:
                return ninjs.item(self.release)
            case _:
                subject = fold(press.templates.render("mail/subject.txt.j2", self.words, release=self.release))
                text, html, pdf = (self._part(part, used) for part in (Kind.TEXT, Kind.HTML, Kind.PDF))
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
            if all(self.digest_of(p) == d for p, d in shaping.items()) and pictures <= shaping.keys():
                used.update(shaping)
                return kept
        pdf = press.printer.print(page, layout, self.release, release, self.reader, self.newsroom.pdf.variant, attached)
        used |= pictures
        return pdf


class _Pack:
    """The press pack of a release: made only of all the languages that are out."""

    def __init__(self, sheets: list[_Sheet]) -> None:
        self.sheets = sheets
        self.release = sheets[0].edition.release
        self.job = sheets[0].job

    def fill(self, result: Result) -> None:
        """Put the pack into the result where it is due, or its trace where it stands."""
        path = f"site/{pack_path(self.release.id)}"
        result.planned.append(path)
        names = dict.fromkeys((*(image.file for image in self.release.images), *self.release.inline_pictures))
        pictures_ = {f"pictures/{name}": f"{self.release.folder}/{name}" for name in names}
        subject = digest(repr([(sheet.subject, sorted(pictures_)) for sheet in self.sheets]).encode())
        trace = self.job.traces.get(path)
        if trace and trace.subject == subject and self.sheets[0].holds(trace):
            result.traces[path] = trace
            return
        wanted = {sheet.edition.language for sheet in self.sheets} <= set(self.job.languages)
        if not wanted or not {"html", "pdf", "email"} <= set(self.job.formats):
            return
        try:
            files, used = {}, set(pictures_.values())
            for sheet in self.sheets:
                stem = f"{self.release.id}.{sheet.edition.language}"
                for kind, ending in ((Kind.PDF, "pdf"), (Kind.TEXT, "txt")):
                    files[f"{stem}.{ending}"], some = sheet.product(kind)
                    used |= some
            for name, source_ in pictures_.items():
                files[name] = self.sheets[0].reader.read(source_)
        except InputError as error:
            result.failed.append(path)
            result.failures += [p for p in error.problems if p not in result.failures]
            return
        data = packs.pack(self.release.id, files, self.release.date.at)
        traced = {one: self.sheets[0].digest_of(one) for one in sorted(used)}
        result.made[path], result.traces[path] = data, Trace(traced, subject, digest(data))
