"""Which files there are to make, and which languages are held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Literal

from communique import catalog, glossary, messages, pictures
from communique.catalog import Catalog, Gaps
from communique.errors import InputError, Problems
from communique.messages import Message
from communique.model import Language, Newsroom, Release
from communique.reader import Reader

Format = Literal["html", "pdf", "email"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "email")


class State(Enum):
    """How far a release is in one language."""

    PUBLIC = "public"
    EMBARGO = "under embargo"
    HELD = "held back"
    DRAFT = "draft"
    RETRACTED = "retracted"


class Kind(Enum):
    """What a file is, and so who renders it."""

    PAGE = "page"
    PDF = "pdf"
    HTML = "html"
    TEXT = "text"
    EML = "eml"
    NINJS = "ninjs"
    COPY = "copy"
    CARD = "card"
    RENDITION = "rendition"
    PACK = "pack"


@dataclass(frozen=True, slots=True)
class Target:
    """One file to make, below the output folder; a COPY has its input's path in ``source``, a RENDITION a ``width``."""

    path: str
    kind: Kind
    format: Format
    source: str = ""
    width: int = 0


@dataclass(frozen=True)
class Edition:
    """A release in one language: what is known of it before anything is rendered.

    ``catalogs`` are those of the release and of newsroom.yaml (None in their source language). ``gaps`` says what
    is not translated of the release, of newsroom.yaml and of the templates, ``because`` why it is held back.
    ``alternates`` are the languages that are public.
    ``embargoed`` is so for drafts too, whose ``state`` is another.
    """

    release: Release
    language: str
    state: State
    catalogs: tuple[Catalog | None, Catalog | None]
    words: Catalog | None
    gaps: tuple[Gaps, ...] = ()
    because: str = ""
    alternates: tuple[str, ...] = ()
    draft: bool = False
    embargoed: bool = False
    targets: tuple[Target, ...] = ()

    @property
    def embargo(self) -> datetime | None:
        """The instant until which nothing of it is public, while it lasts."""
        return self.release.embargo.at if self.release.embargo and self.embargoed else None

    def __str__(self) -> str:
        return f"{self.release.id} ({self.language})"


class Desk:
    """Judges releases: reads the shared catalogs once and remembers what newsroom and templates lack."""

    def __init__(
        self, reader: Reader, newsroom: Newsroom, template_words: tuple[Message, ...], problems: Problems
    ) -> None:
        self.newsroom = newsroom
        self.glossary = glossary.read(reader, problems)
        self._shared = {
            language: (
                self._judge(reader, language, "newsroom", newsroom.source_language, messages.of(newsroom), problems),
                self._judge(reader, language, "messages", "en", template_words, problems),
            )
            for language in newsroom.languages
        }

    def shared(self, language: Language) -> tuple[Catalog | None, Catalog | None]:
        """Return the catalogs of newsroom.yaml and of the templates, None in their source languages."""
        (room, _), (words, _) = self._shared[language]
        return room, words

    def editions(
        self, reader: Reader, release: Release, now: datetime, problems: Problems, *, drafts: bool = False
    ) -> tuple[Edition, ...]:
        """Return a release in each of its languages, judged as of ``now``; its catalogs' problems are told."""
        needed = messages.of(release)
        editions = []
        for language in release.languages:
            own, own_gaps = self._judge(reader, language, release.id, release.source_language, needed, problems)
            (room, room_gaps), (words, words_gaps) = self._shared[language]
            gaps = (own_gaps, room_gaps, words_gaps)
            state = self._state(release, any(gaps), now)
            because = "; ".join(map(str, filter(None, gaps))) if state is State.HELD else ""
            embargoed = release.embargo is not None and now < release.embargo.at
            editions.append(Edition(release, language, state, (own, room), words, gaps, because, embargoed=embargoed))
        waiting = [e.language for e in editions if e.state is State.HELD]
        if release.together and waiting:
            because = f"together: waits for {', '.join(waiting)}"
            editions = [
                replace(e, state=State.HELD, because=because) if e.state in (State.PUBLIC, State.EMBARGO) else e
                for e in editions
            ]
        shown = (State.PUBLIC, State.RETRACTED)
        public = tuple(e.language for e in editions if e.state in shown and not e.embargoed)
        return tuple(self._planned(replace(e, alternates=public), drafts=drafts) for e in editions)

    def _judge(
        self,
        reader: Reader,
        language: str,
        domain: str,
        source_language: str,
        needed: tuple[Message, ...],
        problems: Problems,
    ) -> tuple[Catalog | None, Gaps]:
        """Return a catalog and what it lacks; what is wrong with it is told."""
        path = catalog.path_of(language, domain)
        if language == source_language:
            return None, Gaps(path, source_language)
        try:
            found = catalog.read(reader, language, domain)
        except InputError as error:
            problems.extend(error.problems)
            return None, Gaps(path, source_language, faults=error.problems)
        gaps = catalog.audit(found, path, needed, (source_language, language), self.glossary)
        problems.extend((*gaps.errors, *gaps.warnings))
        return found, gaps

    @staticmethod
    def _state(release: Release, incomplete: bool, now: datetime) -> State:
        if release.status == "draft":
            return State.DRAFT
        if incomplete:
            return State.HELD
        if release.status == "retracted":
            return State.RETRACTED
        return State.EMBARGO if release.embargo and now < release.embargo.at else State.PUBLIC

    @staticmethod
    def _planned(edition: Edition, *, drafts: bool) -> Edition:
        release, language = edition.release, edition.language
        match edition.state:
            case State.PUBLIC:
                targets = (*_press(release, language), *_site(release, language))
            case State.EMBARGO:
                targets = tuple(_press(release, language))
            case State.RETRACTED:
                # The address stays and tells, and so does what journalists get; the text and the files are gone.
                page = (t for t in _site(release, language) if t.kind is Kind.PAGE and not edition.embargoed)
                targets = (*_press(release, language), *page)
            case State.HELD | State.DRAFT:
                targets = tuple(_press(release, language)) if drafts else ()
        return replace(edition, targets=targets, draft=edition.state in (State.HELD, State.DRAFT))


def _press(release: Release, language: str) -> Iterator[Target]:
    stem = f"press/{release.id}/{release.id}.{language}"
    yield Target(f"{stem}.pdf", Kind.PDF, "pdf")
    yield Target(f"{stem}.json", Kind.NINJS, "pdf")
    yield Target(f"{stem}.html", Kind.HTML, "email")
    yield Target(f"{stem}.txt", Kind.TEXT, "email")
    yield Target(f"{stem}.eml", Kind.EML, "email")


def _site(release: Release, language: str) -> Iterator[Target]:
    folder = f"site/{language}/{release.id}"
    yield Target(f"{folder}/index.html", Kind.PAGE, "html")
    yield Target(f"{folder}/{release.id}.{language}.pdf", Kind.PDF, "pdf")
    yield Target(f"{folder}/{release.id}.{language}.txt", Kind.TEXT, "email")
    yield Target(f"{folder}/{card_name(release.id, language)}", Kind.CARD, "html")
    for file, full in release.pictures.items():
        for name, width in pictures.renditions(file, full):
            yield Target(f"{folder}/{name}", Kind.RENDITION, "html", f"{release.folder}/{file}", width)
    names = (*release.pictures, *(attachment.file for attachment in release.attachments))
    for name in dict.fromkeys(names):
        yield Target(f"{folder}/{name}", Kind.COPY, "html", f"{release.folder}/{name}")


def card_name(id_: str, language: str) -> str:
    """Return the file name of the picture that social media show for a release."""
    return f"{id_}.{language}.png"


def pack_path(id_: str) -> str:
    """Return where a release's press pack lies, below the web root."""
    return f"packs/{id_}.zip"
