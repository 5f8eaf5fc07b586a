"""Release, newsroom and templates → the messages that translators get."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from communique import markup
from communique.model import Attachment, Contact, Correction, Image, Markdown, Newsroom, Release, Text


@dataclass(frozen=True, slots=True)
class Message:
    """A source text, what it is, and where it stands; ``context`` is gettext's msgctxt, mostly empty."""

    text: str
    comment: str
    path: str
    line: int
    context: str | None = None


_NAMES = {
    "title": "headline", "subtitle": "line below the headline", "summary": "lead", "city": "city of the dateline",
    "name": "name", "short_name": "short name", "office": "office", "boilerplate": "about the office",
    "notes": "notes to editors", "body": "text", "highlights": "highlight",
}  # fmt: skip


def of(item: Newsroom | Release) -> tuple[Message, ...]:
    """Return each human text of a release or of newsroom.yaml once, in the order of the file's keys."""
    unique: dict[str, Message] = {}
    for message in _walk(item):
        unique.setdefault(message.text, message)
    return tuple(unique.values())


def _walk(item: object, name: str = "", owner: str = "") -> Iterator[Message]:
    match item:
        case Text():
            label = _NAMES.get(name, name)
            yield Message(item.source, f"{label} of {owner}" if owner else label, item.path, item.line)
        case Markdown():
            for block in markup.blocks(item):
                comment = block.kind if name == "body" else f"{_NAMES[name]}: {block.kind}"
                yield Message(block.text, comment, item.path, block.line)
        case tuple():
            for child in item:
                yield from _walk(child, name, owner)
        case dict():
            for key, child in item.items():
                yield from _walk(child, name, str(key))
        case Newsroom() | Release() | Image() | Attachment() | Contact() | Correction():
            owner = item.file if isinstance(item, Image | Attachment) else owner
            owner = f"the correction of {item.date.day}" if isinstance(item, Correction) else owner
            for child in dataclasses.fields(item):
                yield from _walk(getattr(item, child.name), child.name, owner)
