"""Catalogs: what a language has of the messages it needs, and the lookup of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from communique import checks, po
from communique.checks import Finding
from communique.errors import InputError, Problem
from communique.glossary import Glossary
from communique.messages import Message
from communique.model import Untranslated
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


class Want(Enum):
    """What a message needs before its language can go out."""

    MISSING = "missing"
    FUZZY = "fuzzy"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Open:
    """A message that is not ready. ``entry`` is None where the catalog does not have it."""

    message: Message
    want: Want
    entry: po.Entry | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a catalog lacks: its open messages, the ``faults`` of the file itself, and what is only told."""

    path: str
    source_language: str
    open: tuple[Open, ...] = ()
    faults: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return (*self.faults, *(problem for item in self.open for problem in item.problems))

    def count(self, want: Want) -> int:
        """Return how many messages want this; a file that cannot be read is one error."""
        return sum(item.want is want for item in self.open) + (want is Want.ERROR and bool(self.faults))

    def __bool__(self) -> bool:
        return bool(self.open or self.faults)

    def __str__(self) -> str:
        return f"{counted({want: self.count(want) for want in Want})} in {self.path}"


def counted(counts: Mapping[Want, int]) -> str:
    """Return counts as they are told: ``2 missing, 1 fuzzy, 1 error``."""
    return ", ".join(
        f"{n} {want.value}" + "s" * (want is Want.ERROR and n > 1) for want in Want if (n := counts.get(want, 0))
    )


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


#: How many forms of a number a language has: gettext's nplurals.
PLURALS = {"ko": 1, "en": 2, "fr": 2}


def audit(
    catalog: Catalog | None, path: str, needed: Iterable[Message], pair: tuple[str, str], glossary: Glossary
) -> Gaps:
    """Return what a catalog lacks of the needed messages; no catalog lacks all of them.

    ``pair`` are the language of the source and that of the catalog.
    """
    open_: list[Open] = []
    warnings: list[Problem] = []
    for message in needed:
        entry = catalog.entries.get(message.key) if catalog else None
        if entry is None or not entry.translated:
            open_.append(Open(message, Want.MISSING, entry))
        elif entry.fuzzy:
            open_.append(Open(message, Want.FUZZY, entry))
        else:
            findings = checks.run(entry, message, *pair, glossary)
            if message.plural and len(entry.strings) != PLURALS[pair[1]]:
                findings.insert(0, Finding("plural", f"{PLURALS[pair[1]]} forms of the plural are needed here"))
            told = [Problem(path, entry.line, f.message, f.hint, f.warning) for f in findings]
            warnings += [problem for problem in told if problem.warning]
            if errors := tuple(problem for problem in told if not problem.warning):
                open_.append(Open(message, Want.ERROR, entry, errors))
    return Gaps(path, pair[0], tuple(open_), (), tuple(warnings))


class Translator:
    """Looks messages up in one language; without a catalog texts stand as they are.

    With ``source``, the language of the texts, one that is not translated comes back as :class:`Untranslated`.
    """

    def __init__(self, *catalogs: Catalog | None, source: str = "") -> None:
        self._source = source
        self._strings: dict[tuple[str | None, str], tuple[str, ...]] = {}
        for catalog in catalogs:
            if catalog:
                self._strings.update({k: e.strings for k, e in catalog.entries.items() if e.translated and not e.fuzzy})

    def __call__(self, text: str) -> str:
        found = self._strings.get((None, text))
        if found:
            return found[0]
        return Untranslated(text, self._source) if self._source else text

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
