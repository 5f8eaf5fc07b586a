"""The newsroom's catalogs on disk: extracted, brought up to date, and exchanged with agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from communique import catalog, memory, merge, messages, po, tmx, xliff
from communique.catalog import PLURALS
from communique.errors import InputError, Problem
from communique.memory import Memory
from communique.messages import Message
from communique.model import Newsroom
from communique.output import write_whole
from communique.po import Entry
from communique.reader import Reader
from communique.survey import Survey

_PLURAL_FORMS = {
    "ko": "nplurals=1; plural=0;",
    "en": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
}


@dataclass(frozen=True)
class Domain:
    """What has catalogs of its own: a release (by its ID), ``newsroom`` or ``messages``."""

    name: str
    source_language: str
    languages: tuple[str, ...]
    messages: tuple[Message, ...]
    reader: Reader


@dataclass
class Report:
    """What was done: a line for each file that was written, and how many stand as they were."""

    written: list[str] = field(default_factory=list)
    untouched: int = 0


class Translations:
    """The catalogs of a newsroom; ``now`` is written into the headers of files that are new or change."""

    def __init__(self, root: Path, survey: Survey, newsroom: Newsroom, now: datetime) -> None:
        self.root = root
        self.survey = survey
        self.newsroom = newsroom
        self.now = now.astimezone(newsroom.timezone).strftime("%Y-%m-%d %H:%M%z")
        self.report = Report()
        self._memory = Memory(self._units)

    def domains(self, *, whole: bool) -> Iterator[Domain]:
        """Yield what is to be translated: the releases, and if ``whole`` the newsroom's and the templates' words."""
        room, press = self.newsroom, self.survey.press
        if whole:
            yield Domain("newsroom", room.source_language, room.languages, messages.of(room), press.reader)
            # Templates that come with the program bring their words along.
            if (self.root / "templates").is_dir():
                yield Domain("messages", "en", room.languages, press.templates.messages(), press.reader)
        for reader, release in self.survey.releases():
            yield Domain(release.id, release.source_language, release.languages, messages.of(release), reader)

    # --- extraction ---

    def update(self, domain: Domain, xliff_to: Path | None = None) -> None:
        """Create or update a domain's template and catalogs; files that are right already are left untouched.

        The catalogs are also written as XLIFF files into a folder, if one is given.
        """
        with self._telling():
            self._template(domain)
        catalogs: dict[str, tuple[Entry, ...]] = {}
        for language in domain.languages:
            if language != domain.source_language:
                with self._telling():
                    catalogs[language] = self._catalog(domain, language)
        if xliff_to:
            for language, entries in catalogs.items():
                place = xliff_to / f"{domain.name}.{language}.xlf"
                write_whole(place, xliff.write(domain.name, domain.source_language, language, entries).encode())
                self.report.written.append(str(place))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell a problem of one file; the others are not its business."""
        try:
            yield
        except InputError as error:
            self.survey.problems.extend(error.problems)

    def _template(self, domain: Domain) -> None:
        path = f"locales/{domain.name}.pot"
        place = self.root / path
        entries = (self._head(domain, ""), *merge.template(domain.messages))
        before = place.read_bytes() if place.is_file() else b""
        text = po.dump(entries)
        if _undated(before.decode("utf-8", "replace")) == _undated(text):
            self.report.untouched += 1
        else:
            self._write(path, text, before)
            self.report.written.append(path)

    def _catalog(self, domain: Domain, language: str) -> tuple[Entry, ...]:
        """Bring a catalog up to date and return its entries."""
        path = catalog.path_of(language, domain.name)
        before = self._entries(domain.reader, path)
        merged = merge.merge(
            _named(before, domain.source_language),
            domain.messages,
            PLURALS[language],
            self._memory,
            (domain.source_language, language),
            self._head(domain, language),
        )
        counts = {
            "new": merged.new,
            "from memory": merged.remembered,
            "fuzzy": merged.fuzzy,
            "obsolete": merged.obsolete,
        }
        told = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
        self._save(domain.reader, path, before, merged.entries, told or "comments and places")
        return merged.entries

    def _save(self, reader: Reader, path: str, before: Sequence[Entry], after: Sequence[Entry], told: str) -> None:
        """Write a catalog if it changed, and report what was done."""
        if tuple(before) == tuple(after) and (self.root / path).is_file():
            self.report.untouched += 1
            return
        if before:
            dated = re.sub(r"(?m)^(POT-Creation-Date: ).*", rf"\g<1>{self.now}", after[0].strings[0])
            after = (after[0].revised(strings=(dated,)), *after[1:])
        raw = reader.read(path) if reader.exists(path) else b""
        tail = po.tail(reader.text(path)) if raw else ()
        self._write(path, po.dump(after, tail), raw)
        self.report.written.append(f"{path}: {told}")

    def _entries(self, reader: Reader, path: str) -> tuple[Entry, ...]:
        return po.parse(reader.text(path), path) if reader.exists(path) else ()

    def _write(self, path: str, text: str, before: bytes) -> None:
        if b"\r\n" in before:  # the translator's editor is one of Windows
            text = text.replace("\n", "\r\n")
        write_whole(self.root / path, text.encode())

    def _head(self, domain: Domain, language: str) -> Entry:
        """Return the header of a new catalog, of a template where ``language`` is empty (gettext manual, 6.2)."""
        room = self.newsroom
        contact = next((c.email for c in room.contacts.values() if c.email), None)
        address = contact or room.base_url
        office = f"{room.office.source if room.office else room.name.source} <{address}>"
        fields = {
            # gettext wants a version, and an ID begins with its day.
            "Project-Id-Version": domain.name if re.search(r"\d", domain.name) else f"{domain.name} 1",
            "Report-Msgid-Bugs-To": address,
            "POT-Creation-Date": self.now,
            "PO-Revision-Date": self.now if language else "YEAR-MO-DA HO:MI+ZONE",
            "Last-Translator": office if language else "FULL NAME <EMAIL@ADDRESS>",
            "Language-Team": office if language else "LANGUAGE <LL@li.org>",
            "Language": language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            **({"Plural-Forms": _PLURAL_FORMS[language]} if language else {}),
            "X-Source-Language": domain.source_language,
        }
        lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
        return Entry("", (lines,), 0, comments=() if language else ("#, fuzzy",))

    # --- memory ---

    def _units(self) -> Iterator[memory.Unit]:
        paths = [p for p in self.survey.files if p.startswith("locales/") and p.endswith(".po")]
        return memory.units(self.survey.reader(paths), paths, self.newsroom.source_language)

    def export_memory(self, place: Path, version: str) -> None:
        """Write the newsroom's whole memory as a TMX document."""
        languages = self.newsroom.languages
        order: list[tuple[str, str]] = [(a, b) for a in languages for b in languages if a != b]
        units = sorted((u for u in self._units() if u.pair in order), key=lambda unit: order.index(unit.pair))
        write_whole(place, "".join(tmx.write(units, version)).encode())
        self.report.written.append(str(place))

    # --- agencies ---

    def take(self, data: bytes, name: str) -> None:
        """Put the translations of an XLIFF document into the catalogs that they belong to; raises InputError."""
        for bundle in xliff.read(data, name):
            path = catalog.path_of(bundle.language, bundle.domain)
            if path not in self.survey.files or not re.fullmatch(r"[\w-]+", bundle.domain):
                hint = "is its target-language right? Run translate first"
                raise InputError(Problem(name, bundle.line, f"there is no catalog {path}", hint))
            reader = self.survey.reader([path])
            before = self._entries(reader, path)
            after = xliff.apply(before, bundle, name, self.survey.problems)
            number = sum(a != b for a, b in zip(before, after, strict=True))
            self._save(reader, path, before, after, f"{number} taken over")


def _named(entries: Sequence[Entry], source_language: str) -> Sequence[Entry]:
    """Return a catalog whose header names the language of its msgids, as Poedit and our memory want to know it."""
    if not entries or entries[0].id or "x-source-language" in po.header(entries):
        return entries
    text = f"{entries[0].strings[0]}X-Source-Language: {source_language}\n"
    return entries[0].revised(strings=(text,)), *entries[1:]


def _undated(text: str) -> str:
    return re.sub(r"POT-Creation-Date: .*?\\n", "", text.replace("\r\n", "\n"))
