"""Gettext PO files, read strictly and written in gettext's own layout.

Babel's reader goes on after a broken line and keeps neither previous messages nor the lines of duplicates;
a catalog that decides what is published must do neither. The format is that of the GNU gettext manual,
section "The Format of PO Files". A message that is written back unchanged has the bytes that it was read from,
however the translator's program breaks its lines.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from communique.errors import InputError, Problem
from communique.letters import width


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a PO file. ``line`` is that of its msgid; texts are unescaped.

    ``strings`` has one text, or one a plural form. ``comments`` are the lines as they stand, each with its
    mark (``#``, ``#.``, ``#:``, ``#,``, ``#|``); ``raw`` is the rest of it as it stands, for writing it back.
    """

    id: str
    strings: tuple[str, ...]
    line: int
    context: str | None = None
    plural: str | None = None
    comments: tuple[str, ...] = ()
    obsolete: bool = False
    raw: str = dataclasses.field(default="", compare=False, repr=False)

    def revised(self, **changes: Any) -> Entry:
        """Return the message with other values; it keeps its own layout unless its texts change."""
        kept = changes.keys() <= {"comments", "line"} or self == dataclasses.replace(
            self, **{**changes, "comments": self.comments, "line": self.line}
        )
        return dataclasses.replace(self, **changes, raw=self.raw if kept else "")

    def marked(self, mark: str) -> tuple[str, ...]:
        """Return the comments with one mark, without it: ``#.``, ``#:``, ``#,``; ``#`` is the translator's own."""
        return tuple(c[len(mark) :].strip() for c in self.marked_lines(mark))

    def marked_lines(self, mark: str) -> tuple[str, ...]:
        """Return the comments with one mark as they stand."""
        if mark == "#":
            return tuple(c for c in self.comments if c[1:2] not in (".", ":", ",", "|", "~"))
        return tuple(c for c in self.comments if c.startswith(mark))

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.id

    @property
    def previous(self) -> str | None:
        """The msgid that a fuzzy translation was made of (``#| msgid``), or None."""
        texts: dict[str, str] = {}
        part = ""
        for comment in (*self.marked("#|"), *self.marked("#~|")):
            keyword = _KEYWORD.match(comment)
            part = keyword[1] if keyword else part
            if string := _STRING.match(comment, keyword.end() if keyword else 0):
                texts[part] = texts.get(part, "") + _unescape(string[1])
        return texts.get("msgid")

    @property
    def flags(self) -> frozenset[str]:
        marked = (c[2:] for c in self.comments if c.startswith("#,"))
        return frozenset(flag.strip() for flags in marked for flag in flags.split(","))

    @property
    def previous_lines(self) -> tuple[str, ...]:
        """The comments with the msgid that a fuzzy translation was made of, as they stand."""
        return tuple(c for c in self.comments if c.startswith(("#|", "#~|")))

    @property
    def fuzzy(self) -> bool:
        return "fuzzy" in self.flags

    @property
    def translated(self) -> bool:
        return all(text.strip() for text in self.strings)


_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"$')
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d)\])?)\s*(?=\")")
_ESCAPE = re.compile(r'\\(?:([abfnrtv"\\])|([0-7]{1,3})|x([0-9a-fA-F]{2})|(.))')
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}


def _unescape(text: str) -> str:
    """Return a string's text; raises ValueError for an escape that is none."""
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        if match[4]:
            raise ValueError(f"\\{match[4]} means nothing in a PO file")
        return _ESCAPES.get(match[1] or "") or chr(int(match[2], 8) if match[2] else int(match[3], 16))

    return _ESCAPE.sub(one, text)


class _Parser:
    def __init__(self, path: str) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self.first_line: dict[tuple[str | None, str], int] = {}
        self.begin()

    def begin(self) -> None:
        self.comments: list[str] = []
        self.parts: dict[str, list[str]] = {}
        self.part = ""
        self.line = 0
        self.obsolete = False
        self.raw: list[str] = []

    def stop(self, line: int, message: str, hint: str = "") -> InputError:
        return InputError(Problem(self.path, line, message, hint or "open it in Poedit, or run msgfmt -c on it"))

    def parse(self, text: str) -> tuple[Entry, ...]:
        for number, raw in enumerate(text.split("\n"), 1):
            line = raw.strip()
            if line.startswith("#~"):
                self.statement(line, number, obsolete=True)
            elif line.startswith("#"):
                if self.parts:
                    self.finish(number)
                self.comments.append(line)
            elif line:
                self.statement(line, number, obsolete=False)
        if self.parts:
            self.finish(text.count("\n") + 1)
        return tuple(self.entries)

    def statement(self, whole: str, number: int, *, obsolete: bool) -> None:
        line = whole[2:].strip() if obsolete else whole
        if line.startswith("|"):  # the previous msgid of an obsolete message
            if self.parts:
                self.finish(number)
            self.comments.append("#~" + line)
            return
        if keyword := _KEYWORD.match(line):
            name = keyword[1]
            if name in ("msgctxt", "msgid") and "msgid" in self.parts:
                self.finish(number)
            if name in self.parts:
                raise self.stop(number, f"{name} stands twice in one message")
            if name.startswith("msgstr") and "msgid" not in self.parts:
                raise self.stop(number, f"{name} stands before its msgid")
            if name == "msgid":
                self.line = number
            self.parts[name] = []
            self.part, self.obsolete = name, obsolete
            line = line[keyword.end() :]
        elif not line.startswith('"') or not self.part:
            raise self.stop(number, f"this is no line of a PO file: {line[:40]}")
        if not (string := _STRING.match(line)):
            raise self.stop(number, "a quotation mark is missing or not escaped", 'write \\" inside a text')
        try:
            self.parts[self.part].append(_unescape(string[1]))
        except ValueError as error:
            raise self.stop(number, str(error), "write \\\\ for a backslash") from None
        self.raw.append(whole)

    def finish(self, number: int) -> None:
        texts = {name: "".join(parts) for name, parts in self.parts.items()}
        strings = [text for name, text in texts.items() if name.startswith("msgstr")]
        if "msgid" not in texts or not strings:
            raise self.stop(self.line or number - 1, "a message has no msgid or no msgstr")
        key = (texts.get("msgctxt"), texts["msgid"])
        if not self.obsolete and (first := self.first_line.setdefault(key, self.line)) != self.line:
            raise self.stop(self.line, "this msgid stands twice", f"the first is in line {first}; keep one")
        self.entries.append(
            Entry(
                id=texts["msgid"],
                strings=tuple(strings),
                line=self.line,
                context=texts.get("msgctxt"),
                plural=texts.get("msgid_plural"),
                comments=tuple(self.comments),
                obsolete=self.obsolete,
                raw="\n".join(self.raw),
            )
        )
        self.begin()


def parse(text: str, path: str) -> tuple[Entry, ...]:
    """Return the entries of a PO file in order, its header (``id`` empty) first; raises InputError."""
    return _Parser(path).parse(text)


def tail(text: str) -> tuple[str, ...]:
    """Return the comments after the last message, which belong to none."""
    lines = [line.strip() for line in text.rstrip().split("\n")]
    last = max((n for n, line in enumerate(lines) if line.startswith(("msg", '"', "#~"))), default=-1)
    return tuple(line for line in lines[last + 1 :] if line)


#: gettext's own: the columns of a line.
COLUMNS = 79
_ESCAPED = str.maketrans({char: f"\\{letter}" for letter, char in _ESCAPES.items()})


def dump(entries: Iterable[Entry], tail: Iterable[str] = ()) -> str:
    """Return the text of a PO file, comments that belong to no message at its end."""
    parts = ["\n".join((*entry.comments, entry.raw or "\n".join(_statements(entry)))) for entry in entries]
    return "\n\n".join((*parts, *(["\n".join(tail)] if tail else ()))) + "\n"


def flag_lines(flags: Iterable[str]) -> tuple[str, ...]:
    """Return the comment with a message's flags, fuzzy first; none where there are none."""
    named = sorted(flags, key=lambda flag: (flag != "fuzzy", flag))
    return (f"#, {', '.join(named)}",) if named else ()


def _statements(entry: Entry) -> Iterator[str]:
    prefix = "#~ " if entry.obsolete else ""
    if entry.context is not None:
        yield from statement("msgctxt", entry.context, prefix)
    yield from statement("msgid", entry.id, prefix)
    if entry.plural is None:
        yield from statement("msgstr", entry.strings[0], prefix)
    else:
        yield from statement("msgid_plural", entry.plural, prefix)
        for number, string in enumerate(entry.strings):
            yield from statement(f"msgstr[{number}]", string, prefix)


def statement(keyword: str, text: str, prefix: str = "") -> Iterator[str]:
    """Yield the lines of one text, broken after its own line ends and between words; ``#| `` makes it a comment."""
    pieces = [piece.translate(_ESCAPED) for piece in re.findall(r"[^\n]*\n|[^\n]+", text)] or [""]
    if len(pieces) == 1 and width(f'{prefix}{keyword} "{pieces[0]}"') <= COLUMNS:
        yield f'{prefix}{keyword} "{pieces[0]}"'
        return
    yield f'{prefix}{keyword} ""'
    room = COLUMNS - len(prefix) - 2
    for piece in pieces:
        line, taken = "", 0
        for word in re.findall(r"[^ ]* +|[^ ]+", piece):
            more = width(word)
            if line and taken + more > room:
                yield f'{prefix}"{line}"'
                line, taken = "", 0
            line, taken = line + word, taken + more
        yield f'{prefix}"{line}"'


def header(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the header's fields, with names in small letters; empty when there is no header."""
    first = next((e for e in entries if e.id == "" and e.context is None and not e.obsolete), None)
    if first is None:
        return {}
    pairs = (line.partition(":") for line in first.strings[0].split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
