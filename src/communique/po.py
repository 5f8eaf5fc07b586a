"""Gettext PO files, read strictly and written in gettext's own layout.

Babel's reader goes on after a broken line and keeps neither previous messages nor the lines of duplicates;
a catalog that decides what is published must do neither. The format is that of the GNU gettext manual,
section "The Format of PO Files".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from communique.errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a PO file. ``line`` is that of its msgid; texts are unescaped.

    ``strings`` has one text, or one a plural form. ``comments`` are the lines as they stand, each with its
    mark (``#``, ``#.``, ``#:``, ``#,``, ``#|``).
    """

    id: str
    strings: tuple[str, ...]
    line: int
    context: str | None = None
    plural: str | None = None
    comments: tuple[str, ...] = ()
    obsolete: bool = False

    @property
    def flags(self) -> frozenset[str]:
        marked = (c[2:] for c in self.comments if c.startswith("#,"))
        return frozenset(flag.strip() for flags in marked for flag in flags.split(","))

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

    def stop(self, line: int, message: str, hint: str = "") -> InputError:
        return InputError(Problem(self.path, line, message, hint or "open it in Poedit, or run msgfmt -c on it"))

    def parse(self, text: str) -> tuple[Entry, ...]:
        for number, raw in enumerate(text.split("\n"), 1):
            line = raw.strip()
            if line.startswith("#~"):
                self.statement(line[2:].strip(), number, obsolete=True)
            elif line.startswith("#"):
                if self.parts:
                    self.finish(number)
                self.comments.append(line)
            elif line:
                self.statement(line, number, obsolete=False)
        if self.parts:
            self.finish(text.count("\n") + 1)
        return tuple(self.entries)

    def statement(self, line: str, number: int, *, obsolete: bool) -> None:
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
        self.parts[self.part].append(self.unescape(string[1], number))

    def unescape(self, text: str, number: int) -> str:
        if "\\" not in text:
            return text

        def one(match: re.Match[str]) -> str:
            if match[4]:
                raise self.stop(number, f"\\{match[4]} means nothing in a PO file", "write \\\\ for a backslash")
            return _ESCAPES.get(match[1] or "") or chr(int(match[2], 8) if match[2] else int(match[3], 16))

        return _ESCAPE.sub(one, text)

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
            )
        )
        self.begin()


def parse(text: str, path: str) -> tuple[Entry, ...]:
    """Return the entries of a PO file in order, its header (``id`` empty) first; raises InputError."""
    return _Parser(path).parse(text)


def header(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the header's fields, with names in small letters; empty when there is no header."""
    first = next((e for e in entries if e.id == "" and e.context is None and not e.obsolete), None)
    if first is None:
        return {}
    pairs = (line.partition(":") for line in first.strings[0].split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
