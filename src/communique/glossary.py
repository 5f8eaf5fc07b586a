"""locales/glossary.csv: how names of offices, people and programmes are translated."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from communique.errors import InputError, Problem, Problems, nearest
from communique.letters import WORD_JOINER
from communique.model import LANGUAGES
from communique.reader import Reader

PATH = "locales/glossary.csv"
COLUMNS = ("term", "language", "translation", "note")


@dataclass(frozen=True, slots=True)
class Term:
    """A term, and how it is translated into one language: one way of several. ``line`` is its line in the file."""

    term: str
    language: str
    translations: tuple[str, ...]
    note: str
    line: int


@dataclass(frozen=True)
class Glossary:
    """The terms, the longest first: in ``Ministry of SMEs and Startups`` the term ``SMEs`` is not one of its own."""

    terms: tuple[Term, ...] = ()

    def missing(self, source: str, translation: str, language: str) -> Iterator[Term]:
        """Yield the terms of a source text that its translation misses."""
        rest, told = _plain(source), _plain(translation)
        for term in self.terms:
            if term.language != language:
                continue
            word = _plain(term.term)
            # A Korean particle follows its word without a space; Latin words end.
            pattern = re.escape(word) if re.search("[가-힣]", word) else rf"(?<!\w){re.escape(word)}(?!\w)"
            rest, found = re.subn(pattern, "\0", rest)
            if found and not any(_plain(way) in told for way in term.translations):
                yield term


def _plain(text: str) -> str:
    """Return a text without the differences that do not count: capitals, apostrophes, kinds of spaces."""
    return re.sub(r"\s+", " ", text.replace("’", "'").replace(WORD_JOINER, "")).casefold().strip()


def read(reader: Reader, problems: Problems) -> Glossary:
    """Return the newsroom's glossary, an empty one where there is no file; rows that are wrong are told."""
    if not reader.exists(PATH):
        return Glossary()
    try:
        text = reader.text(PATH)
    except InputError as error:
        problems.extend(error.problems)
        return Glossary()
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        head = tuple(name.strip().lower() for name in next(rows, []))
        if head[:3] != COLUMNS[:3]:
            problems.add(PATH, 1, "the first line is not the header", f"write {','.join(COLUMNS)}")
            return Glossary()
        terms = [term for row in rows if any(row) and (term := _term(row, rows.line_num, problems))]
    except csv.Error as error:
        problems.extend([Problem(PATH, rows.line_num, f"is not CSV: {error}")])
        return Glossary()
    return Glossary(tuple(sorted(terms, key=lambda term: -len(term.term))))


def _term(row: list[str], line: int, problems: Problems) -> Term | None:
    term, language, translation, note = (cell.strip() for cell in (*row, "", "", "", "")[:4])
    ways = tuple(way.strip() for way in translation.split("|") if way.strip())
    if language not in LANGUAGES:
        problems.add(PATH, line, f"there is no language '{language}'", nearest(language, LANGUAGES))
    elif not term or not ways:
        problems.add(PATH, line, "a term or its translation is missing", "several translations: one|another")
    else:
        return Term(term, language, ways, note, line)
    return None
