"""What a reader must find in an output: the texts of a release in one language, in reading order."""

from __future__ import annotations

import html
import re
from pathlib import Path

from communique import catalog, inventory, markup, messages, source
from communique.errors import Problems
from communique.model import Markdown, Release, Text
from communique.reader import Reader, on_disk

#: Shorter texts (PDF, 09:00) stand in more than one place.
LONG_ENOUGH = 15


def squeeze(text: str) -> str:
    """Return a text without white space, so that line ends and columns do not count."""
    return re.sub(r"[\s\u2060\ufe0e]+", "", html.unescape(text))


def plain(block: str) -> str:
    """Return a message as its reader sees it: without markup and footnote marks."""
    rendered = markup.render(re.sub(r"\[\^[^\]]+\]", "", block)).html
    return squeeze(re.sub(r"<[^>]+>", "", rendered))


def load(root: Path, id_: str) -> tuple[Reader, Release]:
    reader = Reader(on_disk({path: file.place for path, file in inventory.scan(root).items()}))
    problems = Problems()
    newsroom = source.load_newsroom(reader, problems)
    release = source.load_release(reader, id_, source.find(reader, problems)[id_], newsroom, problems)
    assert list(problems) == []
    assert release is not None
    return reader, release


def sentences(root: Path, id_: str, language: str, *, footnotes: bool = True) -> list[str]:
    """Return the texts of a release in one language, as a reader meets them; on paper footnotes stand elsewhere."""
    reader, release = load(root, id_)
    own = catalog.read(reader, language, id_) if language != release.source_language else None
    translate = catalog.Translator(own)
    order: list[Text | Markdown | None] = [
        release.title,
        release.subtitle,
        *(correction.note for correction in release.corrections),
        release.summary,
        *release.highlights,
        release.body,
        *(image.caption for image in release.images),
        *(attachment.title for attachment in release.attachments),
        release.notes,
    ]
    found: list[str] = []
    for item in order:
        if isinstance(item, Text):
            found.append(squeeze(translate(item.source)))
        elif item is not None:
            shown = (block for block in markup.blocks(item) if footnotes or block.kind != "footnote")
            found += [plain(translate(block.text)) for block in shown]
    assert len(messages.of(release)) >= len(release.highlights)
    return [text for text in dict.fromkeys(found) if len(text) >= LONG_ENOUGH]


def corrections(root: Path, id_: str, language: str) -> list[str]:
    """Return what a release's corrections say in one language."""
    reader, release = load(root, id_)
    own = catalog.read(reader, language, id_) if language != release.source_language else None
    return [catalog.Translator(own)(correction.note.source) for correction in release.corrections]


def assert_reads(text: str, expected: list[str]) -> None:
    """Every expected text is there, once, and in order."""
    seen = squeeze(text)
    counts = {sentence: seen.count(sentence) for sentence in expected}
    # A short text may also be a part of a longer one: those are counted with it.
    allowed = {s: sum(s in other for other in expected) for s in expected}
    assert counts == allowed
    places = [seen.index(sentence) for sentence in expected if allowed[sentence] == 1]
    assert places == sorted(places)
