"""The spaces that do not show, how wide a letter is, and what XML allows."""

from __future__ import annotations

import re
import unicodedata

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
WORD_JOINER = "\N{WORD JOINER}"


def fold(text: str) -> str:
    """Return a text with its line breaks and runs of spaces made one space; no-break spaces are letters."""
    return re.sub(r"[ \t\n\r\f\v]+", " ", text).strip(" ")


def width(text: str) -> int:
    """Return the columns that a text takes: two for an East Asian wide letter (UAX #11), none for a mark."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


#: Characters that XML 1.0 (2.2) does not allow.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# The standard library's escape would load its whole web client, in builds that have nothing to do as well.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def xml(text: str) -> str:
    """Return a text as XML content: escaped, without characters that XML does not allow."""
    return _NOT_XML.sub("", text).translate(_ESCAPED)


def host_in_ascii(name: str) -> str:
    """Return a host's name in ASCII (IDNA 2008, mapped by UTS 46); raises UnicodeError where it has no such form."""
    if name.isascii():
        return name
    # Most newsrooms never need it.
    import idna

    return idna.encode(name, uts46=True).decode()
