"""What is due of one edition's files, of a release's press pack and of its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial

from communique import cards, localize, mail, ninjs, packs, pictures, web
from communique.catalog import Translator, path_of
from communique.errors import InputError, Problem
from communique.inventory import digest
from communique.jobs import Entry, Job, Result, Shared, Trace
from communique.letters import fold
from communique.localize import LocalizedRelease
from communique.model import Newsroom
from communique.pdf import Printer
from communique.plan import Edition, Kind, Target, pack_path
from communique.reader import Reader
from communique.templates import Templates

#: A release's smaller pictures are made once and wait for its other languages.
KEPT_PICTURES = 60


@dataclass
class Studio:
    """What all that is rendered in one process shares."""

    shared: Shared
    reader: Reader
    templates: Templates
    printer: Printer
    _narrowed: dict[tuple[str, int], bytes] = field(default_factory=dict)

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


@contextmanager
def failing(path: str, result: Result) -> Iterator[None]:
    """A fault that is met inside is a file's, and told once."""
    try:
        yield
    except InputError as error:
        result.fail(path, *error.problems)


def put(path: str, result: Result, job: Job, make: Callable[[], tuple[bytes, Trace]]) -> None:
    """Put a file into the result, and what it was made of; in what is only foreseen it is taken to be there."""
    if job.foreseen:
        result.traces[path] = Trace({}, "", "")
    else:
        result.made[path], result.traces[path] = make()


class Sheet:
    """One edition while it is rendered: what several of its files need is made once, and only if one is due."""

    def __init__(self, studio: Studio, newsroom: Newsroom, edition: Edition, job: Job, reader: Reader) -> None:
        self.studio = studio
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
        parts = (self.release, smtp and smtp.sender, pdf, self.edition.release.date.at, self.studio.shared.recipe)
        return digest(repr(parts).encode())

    def _wanted(self, target: Target, *, anew: bool) -> bool:
        """Whether a file is made when it is due; ``anew`` stands for all that pages in place need."""
        asked = self.edition.language in self.job.languages and target.format in self.job.formats
        return asked or (anew and target.format == "html" and self.page.path in self.job.traces)

    @cached_property
    def page(self) -> Target:
        """The target of the public page; its path is empty where there is none."""
        nowhere = Target("", Kind.PAGE, "html")
        return next((target for target in self.edition.targets if target.kind is Kind.PAGE), nowhere)

    def has_page(self, *, anew: bool) -> bool:
        """Whether there is a page, now or after this build."""
        try:
            _ = self.release
        except InputError:
            return False
        return bool(self.page.path) and (self.page.path in self.job.traces or self._wanted(self.page, anew=anew))

    def fill(self, result: Result, *, anew: bool) -> None:
        """Put what is due of the edition into the result, with the traces of all that stands; not yet the page."""
        for target in self.edition.targets:
            if target.kind is Kind.PAGE:
                continue
            result.planned.append(target.path)
            trace, wanted = self.job.traces.get(target.path), self._wanted(target, anew=anew)
            with failing(target.path, result):
                if target.kind is Kind.RENDITION:
                    self._narrow(target, trace, result, wanted=wanted)
                elif target.kind is Kind.COPY:
                    self._copy(target, trace, result, wanted=wanted)
                elif trace and trace.subject == self.subject and self.holds(trace):
                    result.traces[target.path] = trace
                elif wanted:
                    put(target.path, result, self.job, partial(self._make, target))

    def fill_page(self, result: Result, there: set[str], languages: set[str], *, anew: bool) -> None:
        """Put the page into the result; ``there`` are the release's files, ``languages`` those that have a page."""
        path = self.page.path
        if not path:
            return
        result.planned.append(path)
        with failing(path, result):
            shown = web.shown(self.release, there, languages)
            subject, trace = digest(repr((shown, self.studio.shared.recipe)).encode()), self.job.traces.get(path)
            if trace and trace.subject == subject and self.holds(trace):
                result.traces[path] = trace
            elif self._wanted(self.page, anew=anew):
                put(path, result, self.job, partial(self._make_page, shown, subject))
            if path in result.traces:
                result.contents[self.edition.language] = content = web.content(shown)
                result.entries.append(self.entry(shown, content))

    def _make_page(self, shown: LocalizedRelease, subject: str) -> tuple[bytes, Trace]:
        with self.studio.reader.noting() as used:
            data = web.page(shown, self.studio.templates, self.words)
        return data, Trace(self.files(used), subject, digest(data))

    def files(self, used: set[str]) -> dict[str, str]:
        """Return the digests of the files that something was made of; words are a file, too."""
        words = {path_of(self.edition.language, "messages")} if self.edition.language != "en" else set()
        return {path: self.digest_of(path) for path in sorted(used | words)}

    def entry(self, shown: LocalizedRelease, content: str) -> Entry:
        """Return what front pages tell of the edition, whose full text is ``content``."""
        release = self.edition.release
        first = next(iter(shown.images), None)
        picture: tuple[str, int, int] | tuple[()] = ()
        if first:
            name, width = first.renditions[0] if first.renditions else (first.file, first.width)
            picture = (name, width, round(first.height * width / first.width) if first.width else 0)
        return Entry(
            release=shown.id,
            language=shown.language,
            title=str(shown.title),
            summary=str(shown.summary),
            day=shown.day.text,
            iso=shown.day.iso,
            published=shown.published,
            modified=shown.modified,
            version=shown.version,
            retracted=shown.retracted,
            source_language=shown.source_language,
            tags=shown.tags,
            alternates=shown.alternates,
            aliases=tuple(map(str, release.aliases)),
            picture=picture,
            content=digest(content.encode()),
            pdf=any(files.pdf for files in shown.downloads[:1] if files.language == shown.language),
        )

    def _narrow(self, target: Target, trace: Trace | None, result: Result, *, wanted: bool) -> None:
        """Put a smaller picture into the result; one that is in place is known by the picture it was made of."""
        files = {target.source: self.digest_of(target.source)}
        subject = f"{target.width} {self.studio.shared.recipe}"
        if trace and trace.subject == subject and trace.files == files:
            result.traces[target.path] = trace
        elif wanted:
            put(target.path, result, self.job, partial(self._make_narrow, target, files, subject))

    def _make_narrow(self, target: Target, files: dict[str, str], subject: str) -> tuple[bytes, Trace]:
        data = self.studio.narrowed(self.reader, target, files[target.source])
        return data, Trace(files, subject, digest(data))

    def _copy(self, target: Target, trace: Trace | None, result: Result, *, wanted: bool) -> None:
        now = Trace({}, self.digest_of(target.source), self.digest_of(target.source))
        if trace == now:
            result.traces[target.path] = now
        elif wanted:
            result.copies[target.path] = target.source
            result.traces[target.path] = now

    def digest_of(self, path: str) -> str:
        """Return the digest of a file as it is now."""
        return self.job.digests.get(path) or self.studio.shared.digests.get(path, "absent")

    def holds(self, trace: Trace) -> bool:
        """Whether the files that a trace names are as they were."""
        return all(self.digest_of(p) == d for p, d in trace.files.items())

    def _make(self, target: Target) -> tuple[bytes, Trace]:
        """Return a target's bytes and trace; raises InputError."""
        data, used = self.product(target.kind)
        files = self.files(used)
        page = self._page if target.kind is Kind.PDF else ""
        return data, Trace(files, self.subject, digest(data), page)

    def product(self, kind: Kind) -> tuple[bytes, set[str]]:
        """Return one kind of output with the files it was made of; each is made once, and fails once."""
        if kind in self._failed:
            raise self._failed[kind]
        if kind not in self._made:
            try:
                with self.studio.reader.noting() as used:
                    data = self._render(kind, used)
            except InputError as error:
                self._failed[kind] = error
                raise
            self._made[kind] = data, used
        return self._made[kind]

    def _render(self, kind: Kind, used: set[str]) -> bytes:
        studio, edition = self.studio, self.edition
        match kind:
            case Kind.PDF:
                return self._pdf(used)
            case Kind.HTML:
                return mail.html(self.release, studio.templates, self.words, edition.release.path)
            case Kind.CARD:
                return cards.draw(self.release, studio.reader)
            case Kind.TEXT:
                return mail.text(self.release, studio.templates, self.words)
            case Kind.NINJS:
                return ninjs.item(self.release)
            case _:
                subject = fold(studio.templates.render("mail/subject.txt.j2", self.words, release=self.release))
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
        studio, edition, release = self.studio, self.edition, self.edition.release
        layout = studio.printer.layout(self.newsroom, self.release.language)
        page = studio.printer.page(layout, self.release, self.newsroom, self.words)
        stem = f"{release.id}.{edition.language}"
        attached = {
            f"{stem}.json": self._part(Kind.NINJS, used),
            f"{stem}.txt": self._part(Kind.TEXT, used),
        }
        parts = (self.newsroom.pdf.variant, studio.shared.recipe, page, *attached.values())
        self._page = digest(repr(parts).encode())
        pictures = {f"{release.folder}/{name}" for name in release.pictures}
        path = next(t.path for t in self.edition.targets if t.kind is Kind.PDF)
        kept, trace = self.job.kept.get(path), self.job.traces.get(path)
        # What shapes a PDF besides its page; templates count by the page that came of them.
        if kept and trace and trace.page == self._page:
            shaping = {p: d for p, d in trace.files.items() if not p.endswith((".j2", ".po"))}
            if all(self.digest_of(p) == d for p, d in shaping.items()) and pictures <= shaping.keys():
                used.update(shaping)
                return kept
        pdf = studio.printer.print(
            page, layout, self.release, release, self.reader, self.newsroom.pdf.variant, attached
        )
        used |= pictures
        return pdf


class Pack:
    """The press pack of a release: made only of all the languages that are out."""

    def __init__(self, sheets: list[Sheet]) -> None:
        self.sheets = sheets
        self.release = sheets[0].edition.release
        self.job = sheets[0].job
        self.path = f"site/{pack_path(self.release.id)}"
        self.pictures = {f"pictures/{name}": f"{self.release.folder}/{name}" for name in self.release.pictures}
        languages = {sheet.edition.language for sheet in sheets}
        self.wanted = languages <= set(self.job.languages) and {"html", "pdf", "email"} <= set(self.job.formats)

    @cached_property
    def subject(self) -> str:
        return digest(repr([(sheet.subject, sorted(self.pictures)) for sheet in self.sheets]).encode())

    @cached_property
    def stands(self) -> bool:
        """Whether the one in place is right. Any other goes: it may hold a language that is not out any more."""
        trace = self.job.traces.get(self.path)
        try:
            return trace is not None and trace.subject == self.subject and self.sheets[0].holds(trace)
        except InputError:
            return False

    def fill(self, result: Result) -> None:
        """Put the pack into the result where it is due, or its trace where it stands."""
        if self.stands or self.wanted:
            result.planned.append(self.path)
        if self.stands:
            result.traces[self.path] = self.job.traces[self.path]
        elif self.wanted:
            with failing(self.path, result):
                put(self.path, result, self.job, self._make)

    def _make(self) -> tuple[bytes, Trace]:
        files: dict[str, bytes] = {}
        traced: dict[str, str] = {}
        for sheet in self.sheets:
            stem, used = f"{self.release.id}.{sheet.edition.language}", set(self.pictures.values())
            for kind, ending in ((Kind.PDF, "pdf"), (Kind.TEXT, "txt")):
                files[f"{stem}.{ending}"], some = sheet.product(kind)
                used |= some
            traced |= sheet.files(used)
        for name, source_ in self.pictures.items():
            files[name] = self.sheets[0].reader.read(source_)
        data = packs.pack(self.release.id, files, self.release.date.at)
        return data, Trace(traced, self.subject, digest(data))


def fill_pages(sheets: list[Sheet], result: Result, *, anew: bool) -> None:
    """Put a release's pages into the result: they lead to nothing but what stands, or will after this build."""
    stood = {path for sheet in sheets for path in sheet.job.traces}
    anew = anew or not stood.isdisjoint(result.failed)
    there = (stood | result.traces.keys()) & set(result.planned) - set(result.failed)
    languages = {sheet.edition.language for sheet in sheets if sheet.has_page(anew=anew)}
    for sheet in sheets:
        sheet.fill_page(result, there, languages, anew=anew)
