"""The newsroom's catalogs on disk: extracted, brought up to date, and exchanged with agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
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

    def update(self, domain: Domain) -> None:
        """Create or update a domain's template and catalogs; files that are right already are left untouched."""
        try:
            self._template(domain)
        except InputError as error:
            self.survey.problems.extend(error.problems)
        for language in domain.languages:
            if language != domain.source_language:
                try:
                    self._catalog(domain, language)
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

    def _catalog(self, domain: Domain, language: str) -> None:
        path = catalog.path_of(language, domain.name)
        before = self._entries(domain.reader, path)
        merged = merge.merge(
            _named(before, domain.source_language),
            domain.messages,
            PLURALS[language],
            self._memories(domain.source_language, language),
            self._head(domain, language),
        )
        if self._save(domain, path, before, merged.entries):
            counts = {
                "new": merged.new,
                "from memory": merged.remembered,
                "fuzzy": merged.fuzzy,
                "obsolete": merged.obsolete,
            }
            told = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
            self.report.written.append(f"{path}: {told or 'comments and places'}")
        else:
            self.report.untouched += 1

    def _save(self, domain: Domain, path: str, before: Sequence[Entry], after: Sequence[Entry]) -> bool:
        """Write a catalog if it changed; return whether it did."""
        if tuple(before) == tuple(after) and (self.root / path).is_file():
            return False
        if before:
            dated = re.sub(r"(?m)^(POT-Creation-Date: ).*", rf"\g<1>{self.now}", after[0].strings[0])
            after = (after[0].revised(strings=(dated,)), *after[1:])
        raw = domain.reader.read(path) if domain.reader.exists(path) else b""
        tail = po.tail(domain.reader.text(path)) if raw else ()
        self._write(path, po.dump(after, tail), raw)
        return True

    def _entries(self, reader: Reader, path: str) -> tuple[Entry, ...]:
        return po.parse(reader.text(path), path) if reader.exists(path) else ()

    def _write(self, path: str, text: str, before: bytes) -> None:
        if b"\r\n" in before:  # the translator's editor is one of Windows
            text = text.replace("\n", "\r\n")
        place = self.root / path
        write_whole(place, text.encode(), place.with_name(f".{place.name}.unfinished"))

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

    @cached_property
    def _known(self) -> dict[tuple[str, str], Memory]:
        return {}

    def _memories(self, source: str, target: str) -> Memory:
        """Return the memory of a pair of languages, read when something is first looked up in it."""
        if (source, target) not in self._known:
            self._known[source, target] = Memory(lambda: self._units(source, target))
        return self._known[source, target]

    def _units(self, source: str, target: str) -> Iterator[memory.Unit]:
        paths = [p for p in self.survey.files if p.startswith("locales/") and p.endswith(".po")]
        reader = self.survey.reader(paths)
        return memory.units(reader, paths, source, target, self.newsroom.source_language)

    def memory_exchange(self, version: str) -> Iterator[str]:
        """Yield the newsroom's whole memory as the parts of a TMX document."""
        languages = self.newsroom.languages
        pairs = [(a, b) for a in languages for b in languages if a != b]
        units = ((a, b, unit) for a, b in pairs for unit in self._units(a, b) if not unit.turned)
        yield from tmx.write(units, version)

    # --- agencies ---

    def export(self, domain: Domain, folder: Path) -> None:
        """Write a domain's catalogs as XLIFF files into a folder."""
        for language in domain.languages:
            if language == domain.source_language:
                continue
            path = catalog.path_of(language, domain.name)
            text = (self.root / path).read_text("utf-8-sig") if (self.root / path).is_file() else ""
            document = xliff.write(domain.name, domain.source_language, language, po.parse(text, path))
            place = folder / f"{domain.name}.{language}.xlf"
            write_whole(place, document.encode(), place.with_name(f".{place.name}.unfinished"))
            self.report.written.append(str(place))

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
            domain = Domain(bundle.domain, "", (), (), reader)
            if self._save(domain, path, before, after):
                number = sum(a != b for a, b in zip(before, after, strict=True))
                self.report.written.append(f"{path}: {number} taken over")
            else:
                self.report.untouched += 1


def _named(entries: Sequence[Entry], source_language: str) -> Sequence[Entry]:
    """Return a catalog whose header names the language of its msgids, as Poedit and our memory want to know it."""
    if not entries or entries[0].id or "x-source-language" in po.header(entries):
        return entries
    text = f"{entries[0].strings[0]}X-Source-Language: {source_language}\n"
    return entries[0].revised(strings=(text,)), *entries[1:]


def _undated(text: str) -> str:
    return re.sub(r"POT-Creation-Date: .*?\\n", "", text.replace("\r\n", "\n"))
