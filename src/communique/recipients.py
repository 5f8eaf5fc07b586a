"""Lists of recipients: CSV files, read with the line of every problem, and rewritten without a person."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import idna

from communique.errors import Problems, nearest
from communique.letters import fold
from communique.model import LANGUAGES

COLUMNS = ("email", "name", "language", "outlet", "topics", "embargo")
#: A cell that begins so is run as a formula by spreadsheets (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = b"\xef\xbb\xbf"
#: RFC 5322 3.2.3 atext, and by RFC 6531 3.3 any letter outside of ASCII.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_SEPARATORS = re.compile(r"[;,/\s]+")
_YES, _NO = ("yes", "y", "true"), ("", "no", "n", "false")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address to send to, its domain in ASCII (IDNA), and the ``key`` by which two spellings of it are one."""

    address: str
    key: str

    @property
    def is_ascii(self) -> bool:
        """Whether any server can take it; the others need SMTPUTF8 (RFC 6531)."""
        return self.address.isascii()


@dataclass(frozen=True, slots=True)
class Recipient:
    """A row of a list. ``languages`` in the order in which they are wanted; no ``topics`` means all of them."""

    mailbox: Mailbox
    name: str
    languages: tuple[str, ...]
    outlet: str = ""
    topics: tuple[str, ...] = ()
    embargo: bool = False

    @property
    def key(self) -> str:
        return self.mailbox.key


def mailbox(text: str) -> Mailbox:
    """Return the mailbox that a text names; raises ValueError with what is wrong with it."""
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if not at or not local:
        raise ValueError("an address is like name@example.org")
    if any(unicodedata.category(letter)[0] in "CZ" for letter in text):
        raise ValueError("there is a space or a character that is not seen in it")
    if not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise ValueError(f"'{local}' cannot stand before the @")
    host = _host(domain)
    if len(local.encode()) + 1 + len(host) > 254:
        raise ValueError("it is longer than 254 characters")
    return Mailbox(f"{local}@{host}", f"{unicodedata.normalize('NFC', local).casefold()}@{host}")


@cache
def _host(domain: str) -> str:
    """Return a domain in ASCII (IDNA 2008, mapped by UTS 46); raises ValueError."""
    if domain.isascii() and not domain.lower().startswith("xn--") and ".xn--" not in domain.lower():
        host = domain.lower()
    else:
        try:
            host = idna.encode(domain, uts46=True).decode("ascii").lower()
        except idna.IDNAError:
            raise ValueError(f"'{domain}' is no domain") from None
    if not _HOST.fullmatch(host) or host.rpartition(".")[2].isdigit():
        raise ValueError(f"'{domain}' is no domain")
    return host


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a CSV file as it stands there: its first line (from 1), its bytes, its cells."""

    line: int
    raw: bytes
    cells: list[str]


class _Sheet:
    """A CSV file in UTF-8 or cp949, separated by comma, semicolon or tab."""

    def __init__(self, data: bytes) -> None:
        self.mark = _BOM if data.startswith(_BOM) else b""
        self._lines = data[len(self.mark) :].splitlines(keepends=True)
        self.encoding = _encoding(data)
        first = self._lines[0].decode(self.encoding) if self._lines else ""
        self._delimiter = max(",;\t", key=first.count)

    def rows(self) -> Iterator[Row]:
        """Yield the records with their bytes; raises ValueError with the line that breaks the rules of CSV."""
        # The bytes of cp949's second halves are none of those that CSV gives a meaning to.
        texts = (line.decode(self.encoding) for line in self._lines)
        reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
        start = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _BrokenError(start + 1, str(error)) from None
            yield Row(start + 1, b"".join(self._lines[start : reader.line_num]), cells)
            start = reader.line_num


class _BrokenError(ValueError):
    """``line`` of a file that is no CSV."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _encoding(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError as error:
            position = error.start
        else:
            return "utf-8" if encoding == "utf-8-sig" else encoding
    raise _BrokenError(data.count(b"\n", 0, position) + 1, "is neither UTF-8 nor cp949 text")


def read(files: Iterable[tuple[str, bytes]], problems: Problems) -> list[Recipient]:
    """Return the recipients of lists, given as paths and bytes; rows with problems are told and left out.

    Who stands in several rows counts as in the first.
    """
    found: list[Recipient] = []
    seen: dict[str, str] = {}
    for path, data in files:
        try:
            sheet = _Sheet(data)
            rows = sheet.rows()
            places = _places(path, next(rows, None), problems)
            for row in rows if places else ():
                if any(cell.strip() for cell in row.cells) and (one := _recipient(path, row, places, seen, problems)):
                    found.append(one)
        except _BrokenError as error:
            hint = "save the list as 'CSV UTF-8'" if "UTF-8" in str(error) else "look for a quotation mark too many"
            problems.add(path, error.line, str(error), hint)
    return found


def _places(path: str, header: Row | None, problems: Problems) -> dict[str, int]:
    """Return where each column is, and how many there are; nothing where one is missing, which is told."""
    names = [cell.strip().lower() for cell in header.cells] if header else []
    missing = [name for name in COLUMNS if name not in names]
    for name in COLUMNS:
        if names.count(name) > 1:
            missing.append(name)
            problems.add(path, 1, f"the header has the column '{name}' twice")
    for name in dict.fromkeys(missing):
        if name not in names:
            near = nearest(name, [n for n in names if n and n not in COLUMNS]) if names else ""
            hint = near if near.startswith("did you") else f"the header is {','.join(COLUMNS)}"
            problems.add(path, 1, f"the header has no column '{name}'", hint)
    return {} if missing else {**{name: names.index(name) for name in COLUMNS}, "": len(names)}


def _recipient(
    path: str, row: Row, places: dict[str, int], seen: dict[str, str], problems: Problems
) -> Recipient | None:
    if len(row.cells) != places[""]:
        hint = "put a cell that holds the separator in quotes"
        problems.add(path, row.line, f"has {len(row.cells)} cells, the header {places['']}", hint)
        return None
    cells = {name: row.cells[places[name]] for name in COLUMNS}
    before = len(problems)
    for name, cell in cells.items():
        if cell.startswith(FORMULA):
            problems.add(path, row.line, f"{name} begins like a formula: {cell[:20]!r}", "delete the first character")
        elif any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in cell):
            problems.add(path, row.line, f"{name} holds a line break or a control character", "write it in one line")
    if len(problems) > before:
        return None
    cells = {name: cell.strip() for name, cell in cells.items()}
    try:
        box = mailbox(cells["email"])
    except ValueError as error:
        problems.add(path, row.line, f"'{cells['email']}' is no email address", str(error))
        return None
    languages = tuple(dict.fromkeys(_SEPARATORS.split(cells["language"].lower())))
    for language in languages:
        if language not in LANGUAGES:
            hint = f"write {', '.join(LANGUAGES[:-1])} or {LANGUAGES[-1]}, or several in order: ko;en"
            problems.add(path, row.line, f"unknown language '{language}'" if language else "language is empty", hint)
    embargo = cells["embargo"].lower()
    if embargo not in (*_YES, *_NO):
        problems.add(path, row.line, f"embargo cannot be '{cells['embargo']}'", "write yes or no")
    place = f"{path}:{row.line}"
    if (first := seen.setdefault(box.key, place)) != place:
        problems.add(path, row.line, f"{box.address} is twice in the list", f"first in {first}; delete one")
    if len(problems) > before:
        return None
    topics = tuple(part.strip().casefold() for part in re.split("[;,]", cells["topics"]) if part.strip())
    return Recipient(box, fold(cells["name"]), languages, cells["outlet"], topics, embargo in _YES)


def without(data: bytes, key: str) -> tuple[bytes, int]:
    """Return a list without the rows that name a person, every other byte as it was, and how many rows went.

    Raises ValueError for a file that cannot be read as CSV.
    """
    sheet = _Sheet(data)
    kept: list[bytes] = [sheet.mark]
    gone = 0
    for row in sheet.rows():
        if any(_names(cell, key) for cell in row.cells):
            gone += 1
        else:
            kept.append(row.raw)
    return b"".join(kept), gone


def _names(cell: str, key: str) -> bool:
    if "@" not in cell:
        return False
    try:
        return mailbox(cell).key == key
    except ValueError:
        return cell.strip().casefold() == key


def is_list(data: bytes) -> bool:
    """Whether a file's first row is the header of a list."""
    try:
        header = next(_Sheet(data).rows(), None)
    except ValueError:
        return False
    return header is not None and set(COLUMNS) <= {cell.strip().lower() for cell in header.cells}
