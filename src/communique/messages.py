"""Release, newsroom and templates → the messages that translators get."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from communique import markup
from communique.model import Attachment, Contact, Correction, Image, Markdown, Newsroom, Officer, Release, Text


@dataclass(frozen=True, slots=True)
class Message:
    """A source text, what it is, and where it stands: (path, line), at least one; ``context`` is gettext's msgctxt.

    ``plural`` is the text for several, where there is one. ``markdown`` tells a text whose inline markup counts.
    """

    text: str
    comments: tuple[str, ...]
    places: tuple[tuple[str, int], ...]
    context: str | None = None
    plural: str | None = None
    markdown: bool = False

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.text


#: What a template puts into its words.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")

#: What the keys are called in a press office.
_NAMES = {
    "title": "headline", "subtitle": "line below the headline", "summary": "lead", "city": "city of the dateline",
    "name": "name", "short_name": "short name", "office": "office", "boilerplate": "about the office",
    "notes": "notes to editors", "topics": "topic", "body": "text", "highlights": "highlight", "alt": "description",
}  # fmt: skip


def of(item: Newsroom | Release) -> tuple[Message, ...]:
    """Return each human text of a release or of newsroom.yaml once, in the order of the file's keys."""
    return united(_walk(item))


def of_text(text: Markdown) -> tuple[Message, ...]:
    """Return each message of a release's text once."""
    return united(_walk(text, "body"))


def united(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return messages in the order they first come, one a text and context; it knows all of its places."""
    unique: dict[tuple[str | None, str], Message] = {}
    for new in messages:
        old = unique.get(new.key)
        unique[new.key] = _both(old, new) if old else new
    return tuple(unique.values())


def packed(messages: Iterable[Message]) -> str:
    """Return messages as a text to keep."""
    return json.dumps([dataclasses.astuple(message) for message in messages], ensure_ascii=False)


def unpacked(text: str) -> tuple[Message, ...]:
    """Return the messages of such a text."""
    return tuple(
        Message(words, tuple(comments), tuple((path, line) for path, line in places), *others)
        for words, comments, places, *others in json.loads(text)
    )


def _both(old: Message, new: Message) -> Message:
    return dataclasses.replace(
        old,
        comments=tuple(dict.fromkeys((*old.comments, *new.comments))),
        places=tuple(dict.fromkeys((*old.places, *new.places))),
        plural=old.plural or new.plural,
        markdown=old.markdown or new.markdown,
    )


def _walk(item: object, name: str = "", owner: str = "") -> Iterator[Message]:
    match item:
        case Text():
            label = _NAMES.get(name, name)
            yield Message(item.source, (f"{label} of {owner}" if owner else label,), ((item.path, item.line),))
        case Markdown():
            for block in markup.blocks(item):
                comment = block.kind if name == "body" else f"{_NAMES[name]}: {block.kind}"
                yield Message(block.text, (comment,), ((item.path, block.line),), markdown=True)
        case tuple():
            for child in item:
                yield from _walk(child, name, owner)
        case dict():
            for key, child in item.items():
                yield from _walk(child, name, str(key))
        case Newsroom() | Release() | Image() | Attachment() | Contact() | Officer() | Correction():
            owner = item.file if isinstance(item, Image | Attachment) else owner
            owner = f"the correction of {item.date.day}" if isinstance(item, Correction) else owner
            for child in dataclasses.fields(item):
                name = "name" if isinstance(item, Attachment) and child.name == "title" else child.name
                yield from _walk(getattr(item, child.name), name, owner)
