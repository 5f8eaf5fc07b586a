"""Markdown → translatable messages, and → HTML: one walk of one tree does both.

Python-Markdown parses blocks first and inline markup later. The walk is a tree processor between the two:
there each block still holds its raw inline source, which is the unit that translators work on. What the walk
shows to extraction is therefore exactly what it asks a translation for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

import markdown
import nh3
from markdown.extensions import Extension
from markdown.extensions.def_list import DefListExtension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.footnotes import NBSP_PLACEHOLDER, FootnoteExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import INLINE_PLACEHOLDER_PREFIX, STX, AtomicString

from communique.letters import fold
from communique.model import Markdown, Untranslated

Translate = Callable[[str], str]

_INLINE_TAGS = set(
    """a abbr b bdi bdo br cite code del dfn em i img ins kbd mark q rp rt ruby s samp small span strong sub sup
    time u var wbr""".split()
)
_BLOCK_TAGS = set(
    """p h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre hr div figure figcaption table caption thead tbody tfoot
    tr th td""".split()
)
_ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "class"},
    "img": {"src", "alt"},
    "sup": {"id"},
    "li": {"id"},
    "div": {"class"},
    "ol": {"start"},
    "th": {"style", "scope", "colspan", "rowspan"},
    "td": {"style", "colspan", "rowspan"},
    "time": {"datetime"},
    "abbr": {"title"},
}
_CLEANER = nh3.Cleaner(
    tags=_INLINE_TAGS | _BLOCK_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel"},
    filter_style_properties={"text-align"},
    link_rel=None,
)

_KINDS = {
    "h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading",
    "li": "list item", "th": "table heading", "td": "table cell", "dt": "term", "dd": "explanation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """One message of a Markdown text: its inline source, what it is, and its line in the file."""

    text: str
    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """Clean HTML of one text. ``footnotes`` is the list that belongs at its end, or empty.

    ``pictures`` are addresses as written, each with its alternative text; ``links`` are addresses; ``dropped``
    names what was unsafe and left out.
    """

    html: str
    footnotes: str
    pictures: tuple[tuple[str, str], ...]
    links: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass
class _Pass:
    """What one conversion is asked to do, and what it finds."""

    translate: Translate
    base_level: int
    prefix: str
    blocks: list[tuple[str, str, str]] = field(default_factory=list)  # raw source, message, kind
    pictures: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class _NoComments(Preprocessor):
    """Blanks out <!-- notes to oneself -->, keeping the lines; code was stashed before."""

    def run(self, lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        return re.sub(r"<!--.*?-->", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL).split("\n")


class _Walk(Treeprocessor):
    """Collects and translates the blocks, before inline markup is parsed."""

    run_now: _Pass

    def run(self, root: Element) -> None:
        self._levels: list[int] = []
        self._column: dict[Element, str] = {}
        for element in list(root):
            self._visit(element, "paragraph")

    def _visit(self, element: Element, kind: str) -> None:
        if element.tag in ("pre", "code"):
            return
        if element.tag == "blockquote":
            kind = "quotation"
        elif element.tag == "div" and element.get("class") == "footnote":
            kind = "footnote"
        elif element.tag == "table":
            self._columns(element)
        if re.fullmatch(r"h[1-6]", element.tag):
            self._level(element)
        if element.text and not isinstance(element.text, AtomicString):
            own = kind if kind == "footnote" else _KINDS.get(element.tag, kind) + self._column.get(element, "")
            element.text = self._message(element.text, own)
        for child in list(element):
            if child.get("class") != "footnote-backref":
                self._visit(child, kind)
            if child.tail and child.tail.strip():
                child.tail = self._message(child.tail, kind)

    def _message(self, raw: str, kind: str) -> str:
        """Return a block's translation; soft line breaks do not count, hard ones become <br>."""
        suffix = NBSP_PLACEHOLDER if raw.endswith(NBSP_PLACEHOLDER) else ""
        text = raw.removesuffix(NBSP_PLACEHOLDER)
        message = fold(re.sub(r" {2,}\n", "<br>\n", text.strip()))
        if not message or (STX in message and not re.sub(rf"{STX}[^\x03]*\x03", "", message).strip()):
            return raw
        self.run_now.blocks.append((text, message, kind))
        translated = self.run_now.translate(message)
        text = fold(translated)
        if isinstance(translated, Untranslated):
            text = f'<span lang="{translated.language}">{text}</span>'
        return text + suffix

    def _columns(self, table: Element) -> None:
        """Note the heading of each cell's column: a cell alone tells a translator little."""
        headings = [fold(cell.text or "") for cell in table.iter("th")]
        for row in table.iter("tr"):
            for heading, cell in zip(headings, row.iter("td"), strict=False):
                self._column[cell] = f", column “{heading}”" if heading else ""

    def _level(self, heading: Element) -> None:
        """Number headings below the page's own without a jump, whatever levels the author chose."""
        level = int(heading.tag[1])
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self._levels.append(level)
        heading.tag = f"h{min(6, self.run_now.base_level + len(self._levels) - 1)}"


class _Finish(Treeprocessor):
    """Notes pictures and links, scopes table headings and keeps footnotes of several texts apart."""

    run_now: _Pass

    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.tag == "img":
                self.run_now.pictures.append((element.get("src", ""), element.get("alt", "")))
            elif element.tag == "th":
                element.set("scope", "col")
            elif element.tag == "a" and not element.get("href", "").startswith("#"):
                self.run_now.links.append(element.get("href", ""))
            if element.get("class") == "footnote-backref":
                element.attrib.pop("title", None)
                element.text = AtomicString("↩\ufe0e")
            for name in ("id", "href"):
                value = element.get(name, "")
                if self.run_now.prefix and re.match(r"#?fn(ref\d*)?:", value):
                    mark = "#" * value.startswith("#")
                    element.set(name, f"{mark}{self.run_now.prefix}-{value.lstrip('#')}")


class _Passes(Extension):
    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802 (the library's name)
        # Raw HTML is left to the inline parser: as part of its block it is translated with it, and nh3 cleans it.
        md.preprocessors.deregister("html_block")
        md.preprocessors.register(_NoComments(md), "comments", 20)
        self.walk, self.finish = _Walk(md), _Finish(md)
        # Footnotes move to the end at 50, inline markup is parsed at 20.
        md.treeprocessors.register(self.walk, "walk", 30)
        md.treeprocessors.register(self.finish, "finish", 5)


@cache
def _parser() -> tuple[markdown.Markdown, _Passes]:
    passes = _Passes()
    # By their names, Python-Markdown would look through everything that is installed.
    extensions: list[str | Extension] = [
        TableExtension(),
        FootnoteExtension(),
        FencedCodeExtension(),
        DefListExtension(),
        SaneListExtension(),
        passes,
    ]
    return markdown.Markdown(extensions=extensions, output_format="html"), passes


@lru_cache(maxsize=2)
def _convert(source: str, translate: Translate, base_level: int, prefix: str) -> tuple[_Pass, str]:
    """Return what a text holds, and its HTML. Who checks a text and who extracts its messages ask for the same."""
    parser, passes = _parser()
    run_now = passes.walk.run_now = passes.finish.run_now = _Pass(translate, base_level, prefix)
    parser.reset()
    return run_now, parser.convert(source)


def blocks(text: Markdown) -> tuple[Block, ...]:
    """Return the messages of a Markdown text in reading order, footnotes last."""
    run_now, _ = _convert(text.source, str, 2, "")
    return tuple(_located(text, run_now.blocks))


def _located(text: Markdown, found: list[tuple[str, str, str]]) -> Iterator[Block]:
    """Find each block's line: its first line stands in the source as it is, after the one before it."""
    lines = [fold(line) for line in text.source.split("\n")]
    next_line = 0
    for raw, message, kind in found:
        first = fold(raw.strip().split("\n")[0])
        places = [i for i, line in enumerate(lines) if first in line and ("|" in line or "table" not in kind)]
        if kind == "footnote":
            at = places[-1] if places else next_line
        else:
            at = next_line = next((i for i in places if i >= next_line), next_line)
        yield Block(message, kind, text.line + at)


def render(text: str, translate: Translate = str, *, base_level: int = 2, prefix: str = "") -> Rendered:
    """Return a Markdown text as clean HTML, each message passed through ``translate``.

    Headings begin at ``base_level`` and never jump (WCAG 1.3.1, PDF/UA-1 7.4.2); ``prefix`` keeps the
    footnotes of several texts on one page apart.
    """
    run_now, html = _convert(text, translate, base_level, prefix)
    clean = _CLEANER.clean(html)
    body, mark, footnotes = clean.partition('<div class="footnote">')
    return Rendered(
        html=body.strip(),
        footnotes=(mark + footnotes).strip(),
        pictures=tuple(run_now.pictures),
        links=tuple(run_now.links),
        dropped=tuple(_dropped(html, clean)),
    )


class _Marks(HTMLParser):
    """Counts the tags and attributes of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[f"<{tag}>"] += 1
        self.found.update(f"{name}= of <{tag}>" for name, _ in attrs)

    handle_startendtag = handle_starttag


def tags(html: str) -> Counter[str]:
    """Return how often each tag opens in a piece of HTML: ``<sub>``."""
    return Counter({name: times for name, times in _Marks(html).found.items() if name.startswith("<")})


def _dropped(before: str, after: str) -> Iterator[str]:
    """Name what cleaning took away; parsing adds a <tbody> or a </p>, but takes nothing."""
    if INLINE_PLACEHOLDER_PREFIX in before:  # pragma: no cover (a parser's failure, never an author's)
        yield "unparsed markup"
    lost = _Marks(before).found - _Marks(after).found
    tags = {name for name in lost if name.startswith("<")}
    for name in lost:
        if name in tags or name.partition(" of ")[2] not in tags:
            yield name


def append_inline(html: str, fragment: str) -> str:
    """Return ``html`` with a fragment at the end of its last paragraph, or as a paragraph of its own."""
    if html.endswith("</p>") and "<p>" in html:
        return f"{html.removesuffix('</p>')}{fragment}</p>"
    return f"{html}\n<p>{fragment.strip()}</p>" if html else f"<p>{fragment.strip()}</p>"


def prepend_inline(html: str, fragment: str) -> str:
    """Return ``html`` with a fragment at the start of its first paragraph, or as a paragraph of its own."""
    if html.startswith("<p>"):
        return f"<p>{fragment}{html.removeprefix('<p>')}"
    return f"<p>{fragment.strip()}</p>\n{html}"


_LINK_OR_PICTURE = re.compile(r'<a\b(?:[^>"]|"[^"]*")*>|</a>|<img\b(?:[^>"]|"[^"]*")*>')


def without_pictures(html: str) -> str:
    """Return clean HTML with each picture's alternative text in square brackets, linked to the picture.

    One inside a link is the text of that link.
    """
    linked = False

    def replacement(match: re.Match[str]) -> str:
        nonlocal linked
        if not match[0].startswith("<img"):
            linked = match[0] != "</a>"
            return match[0]
        attributes = dict(re.findall(r' ([a-z-]+)="([^"]*)"', match[0]))
        text = f"[{attributes.get('alt', '')}]"
        return text if linked else f'<a href="{attributes.get("src", "")}">{text}</a>'

    return _LINK_OR_PICTURE.sub(replacement, html)


_ADDRESS = re.compile(r'(<(a|img)\b[^>]*? (?:href|src)=")(?![a-zA-Z][a-zA-Z0-9+.-]*:|#|//)([^"]*)"')


def absolute(html: str, links: str, pictures: str) -> str:
    """Return clean HTML whose relative addresses begin with ``links`` or ``pictures``; in-page ones stay."""
    return _ADDRESS.sub(lambda m: f'{m[1]}{links if m[2] == "a" else pictures}{m[3]}"', html)
