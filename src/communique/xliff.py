"""Catalogs as XLIFF 1.2 for agencies, and back.

XLIFF 1.2 (OASIS, 2008) is what translation programs still exchange. A message's context, comments, places and flags
travel as in "XLIFF 1.2 Representation Guide for Gettext PO" (OASIS, 2006). What comes back is put into the catalog
that is there, so nothing that a tool dropped on the way is lost.
"""

from __future__ import annotations

import hashlib
import xml.sax
import xml.sax.handler
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr
from xml.sax.xmlreader import AttributesImpl

from communique import po
from communique.errors import InputError, Problem, Problems
from communique.letters import xml as xml_text
from communique.po import Entry

NAMESPACE = "urn:oasis:names:tc:xliff:document:1.2"


@dataclass(slots=True)
class Unit:
    """One translated text of an XLIFF file: ``id`` names the message and its plural form."""

    id: str
    line: int
    source: str = ""
    target: str = ""
    state: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def fuzzy(self) -> bool:
        """Whether somebody still has to look at it (XLIFF 1.2, 2.2.4: the states of a target)."""
        return self.state == "new" or self.state.startswith("needs-")


@dataclass(slots=True)
class Bundle:
    """A ``<file>`` of an XLIFF document: a catalog's domain, its language, and its units."""

    domain: str
    language: str
    line: int
    units: list[Unit] = field(default_factory=list)


def name(entry: Entry) -> str:
    """Return what names a message in XLIFF: made of its context and text alone."""
    return hashlib.sha256(f"{entry.context or ''}\x04{entry.id}".encode()).hexdigest()[:16]


def write(domain: str, source_language: str, language: str, entries: Sequence[Entry]) -> str:
    """Return a catalog's live messages as an XLIFF document."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xliff version="1.2" xmlns="{NAMESPACE}">',
        f"<file original={quoteattr(domain)} source-language={quoteattr(source_language)} "
        f'target-language={quoteattr(language)} datatype="plaintext">',
        "<body>",
    ]
    for entry in entries:
        if entry.id and not entry.obsolete:
            lines += _unit(entry)
    return "\n".join((*lines, "</body>", "</file>", "</xliff>")) + "\n"


def _unit(entry: Entry) -> Iterator[str]:
    state = "needs-translation"
    if entry.translated:
        state = "needs-review-translation" if entry.fuzzy else "translated"
    if entry.plural is not None:
        yield f'<group restype="x-gettext-plurals" id="{name(entry)}">'
    for number, string in enumerate(entry.strings):
        id_ = name(entry) + (f"[{number}]" if entry.plural is not None else "")
        source = entry.plural if entry.plural is not None and number else entry.id
        approved = ' approved="yes"' if state == "translated" else ""
        yield f'<trans-unit id="{id_}" xml:space="preserve"{approved}>'
        yield f"<source>{xml_text(source)}</source>"
        yield f'<target state="{state}">{xml_text(string)}</target>'
        yield from _about(entry)
        yield "</trans-unit>"
    if entry.plural is not None:
        yield "</group>"


def _about(entry: Entry) -> Iterator[str]:
    context = [
        ("x-po-msgctxt", entry.context or ""),
        ("x-po-autocomment", "\n".join(entry.marked("#."))),
        ("x-po-flags", ", ".join(sorted(entry.flags))),
        ("x-po-previous", entry.previous or ""),
    ]
    told = [f'<context context-type="{kind}">{xml_text(text)}</context>' for kind, text in context if text]
    if told:
        yield '<context-group name="po-entry" purpose="information">' + "".join(told) + "</context-group>"
    for place in " ".join(entry.marked("#:")).split():
        file, _, line = place.rpartition(":")
        yield (
            '<context-group name="po-reference" purpose="location">'
            f'<context context-type="sourcefile">{xml_text(file)}</context>'
            f'<context context-type="linenumber">{xml_text(line)}</context></context-group>'
        )
    yield from (f'<note from="developer">{xml_text(text)}</note>' for text in entry.marked("#."))
    yield from (f'<note from="translator">{xml_text(text)}</note>' for text in entry.marked("#") if text)


class _Handler(xml.sax.handler.ContentHandler):
    """Collects the units; inline elements of a text count by their content."""

    def __init__(self) -> None:
        super().__init__()
        self.bundles: list[Bundle] = []
        self.unit: Unit | None = None
        self.text: list[str] | None = None
        self.note = ""
        self.inside: list[str] = []

    def line(self) -> int:
        return int(self._locator.getLineNumber())  # type: ignore[attr-defined]

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 (the library's name)
        tag = name.rpartition(":")[2]
        self.inside.append(tag)
        if tag == "file":
            self.bundles.append(Bundle(attrs.get("original", ""), attrs.get("target-language", ""), self.line()))
        elif tag == "trans-unit" and self.bundles:
            self.unit = Unit(attrs.get("id", ""), self.line())
            self.bundles[-1].units.append(self.unit)
        elif self.unit and tag in ("source", "target", "note") and "alt-trans" not in self.inside:
            self.text = []
            if tag == "target":
                self.unit.state = attrs.get("state", "")
            self.note = attrs.get("from", "") if tag == "note" else ""

    def characters(self, content: str) -> None:
        if self.text is not None:
            self.text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 (the library's name)
        tag = self.inside.pop()
        if tag == "trans-unit":
            self.unit = None
        elif self.text is not None and self.unit and tag in ("source", "target", "note"):
            text, self.text = "".join(self.text), None
            if tag == "source":
                self.unit.source = text
            elif tag == "target":
                self.unit.target = text
            elif self.note == "translator" and text.strip():
                self.unit.notes.append(text.strip())


def read(data: bytes, path: str) -> list[Bundle]:
    """Return the catalogs of an XLIFF 1.2 document; raises InputError for one that is none."""
    handler = _Handler()
    try:
        xml.sax.parseString(data, handler)
    except xml.sax.SAXParseException as error:
        raise InputError(Problem(path, error.getLineNumber() or 0, f"is not XML: {error.getMessage()}")) from None
    if not handler.bundles:
        raise InputError(Problem(path, 1, "is not XLIFF 1.2", "ask for this format, or for a PO file"))
    return handler.bundles


def apply(entries: Sequence[Entry], bundle: Bundle, path: str, problems: Problems) -> tuple[Entry, ...]:
    """Return a catalog with the translations of an XLIFF file; units that it has no message for are told."""
    units = {unit.id: unit for unit in bundle.units}
    changed = tuple(_applied(entry, units) if entry.id and not entry.obsolete else entry for entry in entries)
    for unit in units.values():
        if unit.target.strip():
            text = f"“{unit.source[:40]}…” is not in the catalog of {bundle.domain}; its source has changed since"
            problems.add(path, unit.line, f"left out: {text}", "export the release again, or copy it by hand")
    return changed


def _applied(entry: Entry, units: dict[str, Unit]) -> Entry:
    ids = [name(entry)] if entry.plural is None else [f"{name(entry)}[{n}]" for n in range(len(entry.strings))]
    found = [units.pop(id_) for id_ in ids if id_ in units]
    if len(found) != len(ids) or not all(unit.target.strip() for unit in found):
        return entry
    # Messages of releases have no spaces around them; what a tool puts there is its own.
    strings = tuple(unit.target if entry.id != entry.id.strip() else unit.target.strip() for unit in found)
    fuzzy = any(unit.fuzzy for unit in found)
    own, known = entry.marked_lines("#"), entry.marked("#")
    notes = [f"# {line}" for unit in found for note in unit.notes for line in note.split("\n") if line not in known]
    comments = [*own, *dict.fromkeys(notes), *(c for c in entry.comments if c not in own)]
    if fuzzy != entry.fuzzy:
        flags = (entry.flags | {"fuzzy"}) if fuzzy else (entry.flags - {"fuzzy"})
        previous = entry.marked_lines("#|") if fuzzy else ()
        others = [c for c in comments if not c.startswith(("#,", "#|"))]
        comments = [*others, *po.flag_lines(flags), *previous]
    return entry.revised(strings=strings, comments=tuple(comments))
