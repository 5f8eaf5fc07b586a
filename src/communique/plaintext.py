"""Clean HTML → plain text that reads well: wrapped by the width of its letters, links listed at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import zip_longest

from communique.letters import fold, width

WIDTH = 72
CIRCLED = "".join(map(chr, range(0x2460, 0x2474)))  # ① to ⑳


def wrap(text: str, indent: str = "", first: str | None = None, columns: int = WIDTH) -> str:
    """Return a text broken between words at ``columns``; a word that is longer has a line of its own.

    A newline in the text stays. No-break spaces do not break, and Korean breaks between words only.
    """
    lines: list[str] = []
    lead = indent if first is None else first
    for paragraph in text.split("\n"):
        line, taken = "", width(lead)
        for word in re.split(r"[ \t]+", paragraph.strip(" \t")):
            more = width(word)
            if line and taken + 1 + more > columns:
                lines.append(lead + line)
                lead, line, taken = indent, word, width(indent) + more
            elif line:
                line, taken = f"{line} {word}", taken + 1 + more
            else:
                line, taken = word, taken + more
        lines.append((lead + line).rstrip(" "))
        lead = indent
    return "\n".join(lines)


def circled(number: int) -> str:
    """Return ① to ⑳, and a plain number with a full stop above them."""
    return CIRCLED[number - 1] if 1 <= number <= len(CIRCLED) else f"{number}."


def shortened(address: str) -> str:
    """Return a web address as people type it: without https:// and the closing slash."""
    return re.sub(r"^https?://(?:www\.)?|/$", "", address)


class Links:
    """The addresses of a document in the order of their numbers."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def number(self, address: str) -> int:
        if address not in self.addresses:
            self.addresses.append(address)
        return self.addresses.index(address) + 1


class _Renderer(HTMLParser):
    """Writes blocks as they close. ``leads`` are the indentations of the open lists and quotations."""

    BLOCKS = frozenset("p h1 h2 h3 h4 h5 h6 div ul ol li dl dt dd blockquote pre hr table figure figcaption".split())

    def __init__(self, links: Links, mark: str) -> None:
        super().__init__()
        self.links = links
        self.mark = mark
        self.text = ""
        self.inline = ""
        self.leads: list[str] = []
        self.lists: list[int | None] = []
        self.marker = ""
        self.tight = False
        self.link: tuple[str, int] | None = None
        self.rows: list[list[str]] = []
        self.in_table = self.in_pre = self.in_footnotes = self.in_reference = self.skipping = False

    def block(self, text: str) -> None:
        """Add a finished block, close to the one before it (``tight``) or with an empty line between."""
        self.text += ("\n" if self.tight else "\n\n") * bool(self.text) + text
        self.tight = False

    def flush(self) -> None:
        """End the paragraph under way."""
        text = self.inline.strip(" \n\xa0")
        self.inline = ""
        if not text:
            return
        indent = "".join(self.leads)
        if self.in_pre:
            self.block("\n".join(f"{indent}    {line}" for line in text.split("\n")))
            return
        first = indent.removesuffix(self.leads[-1]) + self.marker if self.marker else indent
        self.marker = ""
        self.block(wrap(text, indent, first))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in self.BLOCKS and not self.in_table:
            self.flush()
        match tag:
            case "br":
                self.inline += "\n"
            case "img":
                self.inline += f"[{attributes.get('alt', '')}]"
            case "ul" | "ol":
                start = attributes.get("start", "1")
                self.lists.append(int(start if start.isdecimal() else 1) if tag == "ol" else None)
                self.tight = len(self.lists) > 1
            case "li":
                self.item()
            case "dd":
                self.leads.append("    ")
                self.tight = True
            case "blockquote":
                self.leads.append("    ")
            case "pre":
                self.in_pre = True
            case "table":
                self.in_table, self.rows = True, []
            case "tr":
                self.rows.append([])
            case "a":
                self.skipping = attributes.get("class") == "footnote-backref"
                if attributes.get("href") and not self.skipping:
                    self.link = (attributes["href"], len(self.inline))
            case "sup" if "id" in attributes:
                self.in_reference = True
                self.inline += "("
            case "div" if attributes.get("class") == "footnote":
                self.in_footnotes = True

    def item(self) -> None:
        number = self.lists[-1] if self.lists else None
        if number is None:
            self.marker = "- "
        else:
            self.marker = f"({number}) " if self.in_footnotes else f"{circled(number)} "
            self.lists[-1] = number + 1
        self.leads.append(" " * width(self.marker))

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "td" | "th":
                self.rows[-1].append(fold(self.inline))
                self.inline = ""
            case "table":
                self.in_table = False
                self.block(table(self.rows, "".join(self.leads)))
            case "sup" if self.in_reference:
                self.in_reference = False
                self.inline += ")"
            case "a":
                self.skipping = False
                if self.link:
                    self.close_link(*self.link)
            case "h2" | "h3" | "h4" | "h5" | "h6":
                self.heading(self.inline.strip())
            case _ if tag in self.BLOCKS and not self.in_table:
                self.flush()
                if tag in ("li", "blockquote", "dd"):
                    self.leads.pop()
                    self.marker = ""
                    self.tight = tag == "li"
                elif tag in ("ul", "ol"):
                    self.lists.pop()
                    self.tight = bool(self.lists)
                elif tag == "pre":
                    self.in_pre = False

    def heading(self, text: str) -> None:
        """Add a heading: with its mark, or underlined where there is none."""
        self.inline = ""
        if text and self.mark:
            self.block(wrap(text, " " * width(self.mark), self.mark))
        elif text:
            lines = wrap(text)
            self.block(f"{lines}\n{'-' * max(map(width, lines.split(chr(10))))}")

    def close_link(self, address: str, start: int) -> None:
        self.link = None
        label = self.inline[start:].strip()
        shown = (address, address.rstrip("/"), address.removeprefix("mailto:"), address.removeprefix("tel:"))
        if not address.startswith("#") and label not in shown:
            self.inline += f" [{self.links.number(address)}]"

    def handle_data(self, data: str) -> None:
        if self.in_pre:
            self.inline += data
        elif not self.skipping:
            self.inline = re.sub(r"\n +", "\n", self.inline + re.sub(r"[ \t\n]+", " ", data))


def table(rows: Sequence[Sequence[str]], indent: str = "", columns: int = WIDTH) -> str:
    """Return a table in aligned columns, or, when it is too wide, an entry a row with its headings."""
    rows = [row for row in rows if row]
    widths = [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")]
    if sum(widths) + 3 * (len(widths) - 1) + len(indent) <= columns:
        cells = [[cell + " " * (w - width(cell)) for cell, w in zip(row, widths, strict=False)] for row in rows]
        cells.insert(1, ["-" * w for w in widths])
        return "\n".join((indent + "   ".join(row)).rstrip(" ") for row in cells)
    head, *body = rows
    lines = []
    for row in body:
        for position, (name, cell) in enumerate(zip(head, row, strict=False)):
            mark = "- " if position == 0 else "  "
            lines.append(wrap(f"{name}: {cell}" if name else cell, f"{indent}    ", indent + mark, columns))
    return "\n".join(lines)


def render(html: str, links: Links | None = None, mark: str = "■ ") -> str:
    """Return clean HTML as wrapped plain text; ``links`` collects the addresses it refers to as [n].

    ``mark`` stands before each heading; headings without one are underlined.
    """
    renderer = _Renderer(links or Links(), mark)
    renderer.feed(html)
    renderer.close()
    renderer.flush()
    return renderer.text
