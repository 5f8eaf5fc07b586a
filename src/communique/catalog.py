"""Catalogs: what a language has of the messages it needs, and the lookup of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

from communique import po
from communique.errors import InputError, Problem
from communique.messages import Message
from communique.reader import Reader


def path_of(language: str, domain: str) -> str:
    """Return a catalog's path: ``domain`` is a release's ID, ``newsroom`` or ``messages``."""
    return f"locales/{language}/LC_MESSAGES/{domain}.po"


@dataclass(frozen=True, slots=True)
class Catalog:
    """The live messages of one PO file by context and msgid."""

    path: str
    language: str
    entries: Mapping[tuple[str | None, str], po.Entry]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a catalog lacks: counts, and for ``broken`` messages the problems with their lines."""

    path: str
    missing: int = 0
    fuzzy: int = 0
    broken: tuple[Problem, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.fuzzy or self.broken)

    def __str__(self) -> str:
        counts = {"missing": self.missing, "fuzzy": self.fuzzy, "broken": len(self.broken)}
        return ", ".join(f"{n} {what}" for what, n in counts.items() if n) + f" in {self.path}"


def read(reader: Reader, language: str, domain: str) -> Catalog | None:
    """Return a catalog, or None where there is none; raises InputError for one that cannot be trusted."""
    path = path_of(language, domain)
    if not reader.exists(path):
        return None
    entries = po.parse(reader.text(path), path)
    fields = po.header(entries)
    charset = re.search(r"charset=([\w-]+)", fields.get("content-type", ""))
    if charset and charset[1].upper().replace("-", "") not in ("UTF8", "CHARSET"):
        raise InputError(
            Problem(path, 1, f"says it is {charset[1]}", "save the catalog as UTF-8 and say so in its header")
        )
    told = fields.get("language", "")
    if told and re.split(r"[_@-]", told)[0].lower() != language:
        raise InputError(Problem(path, 1, f"says it is '{told}', but lies in the folder of '{language}'"))
    live = {(e.context, e.id): e for e in entries if e.id and not e.obsolete}
    return Catalog(path, language, live)


def audit(catalog: Catalog | None, path: str, needed: Iterable[Message]) -> Gaps:
    """Return what a catalog lacks of the needed messages; no catalog lacks all of them."""
    missing = fuzzy = 0
    broken: list[Problem] = []
    for message in needed:
        entry = catalog.entries.get((message.context, message.text)) if catalog else None
        if entry is None or not entry.translated:
            missing += 1
        elif entry.fuzzy:
            fuzzy += 1
        elif fault := _fault(message.text, entry):
            broken.append(Problem(path, entry.line, *fault))
    return Gaps(path, missing, fuzzy, tuple(broken))


_KEEP = re.compile(
    r"%\(\w+\)[sd]|\]\(\s*<?([^\s)>]+)[^)]*\)|\[\^[^\]]+\]|<(?:https?://|mailto:)[^\s<>]+>|<[^\s<>@/]+@[^\s<>]+>"
)


def _kept(text: str) -> Counter[str]:
    """Return what must survive a translation: placeholders, link targets, footnote marks and tags."""
    found: Counter[str] = Counter()
    for match in _KEEP.finditer(text):
        found[match[1] if match[1] else match[0]] += 1
    marks = _Tags()
    marks.feed(_KEEP.sub("", text))
    marks.close()
    return found + marks.found


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[f"<{tag}>"] += 1


def _fault(source: str, entry: po.Entry) -> tuple[str, str] | None:
    """Return what a translation broke of its source's markup, with a hint, or None."""
    expected = _kept(source)
    for translation in entry.strings:
        kept = _kept(translation)
        if lost := expected - kept:
            return f"the translation lost {', '.join(lost)}", "copy it from the msgid"
        if new := kept - expected:
            return f"the translation has {', '.join(new)}, the source has not", "take it out"
    return None


class Translator:
    """Looks messages up in one language; the source language's texts stand as they are."""

    def __init__(self, *catalogs: Catalog | None) -> None:
        self._strings: dict[tuple[str | None, str], tuple[str, ...]] = {}
        for catalog in catalogs:
            if catalog:
                self._strings.update({k: e.strings for k, e in catalog.entries.items() if e.translated and not e.fuzzy})

    def __call__(self, text: str) -> str:
        found = self._strings.get((None, text))
        return found[0] if found else text

    def gettext(self, text: str) -> str:
        return self(text)

    def pgettext(self, context: str, text: str) -> str:
        found = self._strings.get((context, text))
        return found[0] if found else text

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        # Korean has one form; in French 0 and 1 are singular, in English only 1 is.
        found = self._strings.get((None, singular))
        if not found:
            return singular if number == 1 else plural
        return found[min(int(number > 1), len(found) - 1)]
