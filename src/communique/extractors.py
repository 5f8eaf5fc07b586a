"""Extractors for Babel, so that ``pybabel extract`` finds the messages that ``translate`` finds.

They are registered as ``babel.extractors`` in pyproject.toml, and babel.cfg says which file is whose. Babel calls each
with an open file (Babel's documentation, "Writing Extraction Methods") and takes (line, function, texts, comments).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO

from communique import messages, schema, yamltree
from communique.errors import InputError, Problems
from communique.messages import Message
from communique.model import Markdown, Newsroom, Release
from communique.reader import Reader, in_memory
from communique.schema import Setting

Found = Iterator[tuple[int, str | None, str, list[str]]]


def release(file: IO[bytes], keywords: object, tags: object, options: Mapping[str, str]) -> Found:
    """Yield the messages of a release's YAML file; raises InputError."""
    path = _path(file)
    yield from _of(_read(file, path, Release, id="", path=path))


def newsroom(file: IO[bytes], keywords: object, tags: object, options: Mapping[str, str]) -> Found:
    """Yield the messages of newsroom.yaml; raises InputError."""
    yield from _of(_read(file, _path(file), Newsroom))


def text(file: IO[bytes], keywords: object, tags: object, options: Mapping[str, str]) -> Found:
    """Yield the messages of a release's Markdown file; raises InputError."""
    path = _path(file)
    source = Reader(in_memory({path: file.read()})).text(path)
    yield from _of(messages.of_text(Markdown(source, path, 1)))


def _path(file: IO[bytes]) -> str:
    return str(getattr(file, "name", "the file")).replace("\\", "/")


def _read(file: IO[bytes], place: str, kind: type, **given: object) -> tuple[Message, ...]:
    problems = Problems()
    tree = yamltree.parse(Reader(in_memory({place: file.read()})).text(place), place)
    item = schema.read(tree, kind, Setting(place, problems), **given)
    if item is None:
        raise InputError(*problems)
    return messages.of(item)


def _of(found: tuple[Message, ...]) -> Found:
    for message in found:
        for (_, line), comment in zip(message.places, _each(message), strict=True):
            yield line, None, message.text, comment


def _each(message: Message) -> Iterator[list[str]]:
    """Yield the comments once: Babel joins those of one message's places."""
    yield list(message.comments)
    for _ in message.places[1:]:
        yield []
