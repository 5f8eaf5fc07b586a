"""An edition → LocalizedRelease: every text in one language, dates and datelines as its readers write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from markupsafe import Markup

from communique import markup, pictures
from communique.catalog import Catalog, Translator
from communique.culture import CULTURES, Culture
from communique.errors import InputError, Problem
from communique.markup import Rendered
from communique.model import ContactKey, Image, InlinePicture, Markdown, Newsroom, Officer, Text
from communique.plan import Edition, State, card_name, pack_path


@dataclass(frozen=True, slots=True)
class Day:
    """A day as readers write it, and in ISO 8601."""

    text: str
    iso: str


@dataclass(frozen=True, slots=True)
class Person:
    """A contact in one language; absent parts are empty. ``officers`` are those of the department in charge."""

    name: str
    role: str
    email: str
    phone: str
    bureau: str = ""
    division: str = ""
    head: Person | None = None
    officers: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in one language. ``width`` and ``height`` in pixels, 0 where unknown; ``file`` is its address.

    ``renditions`` are the addresses of smaller ones with their widths, narrowest first.
    """

    file: str
    alt: str
    caption: str
    credit: str
    width: int
    height: int
    renditions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """A file to download."""

    file: str
    title: str


@dataclass(frozen=True, slots=True)
class Files:
    """What can be downloaded in one language: addresses relative to a page, empty where a file is not there."""

    language: str
    pdf: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A correction in one language."""

    day: Day
    note: str


@dataclass(frozen=True, slots=True)
class Office:
    """The newsroom in one language."""

    name: str
    short_name: str
    office: str
    url: str
    boilerplate: Markup
    contacts: tuple[Person, ...]
    logo: str
    accent: str
    topics: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def topic(self, tag: str) -> str:
        """Return what a tag is called."""
        return self.topics.get(tag, tag)


@dataclass(frozen=True, slots=True)
class LocalizedRelease:
    """All that a template shows of a release. Texts are plain and absent ones empty; Markup is clean HTML.

    ``url`` is the public address of its page, with a closing slash; ``card`` and ``pack`` are addresses relative to it,
    empty where there is none; ``downloads`` are the own language's first. ``published`` is the instant from which it is
    public, ``languages`` are those that it is or will be out in. ``embargo`` says until when while it lasts,
    ``embargo_at`` in ISO 8601.
    ``body`` opens with the dateline; ``ended`` is the body with the end mark, for paper and mail.
    """

    id: str
    language: str
    version: int
    office: Office
    title: str
    subtitle: str
    summary: str
    highlights: tuple[str, ...]
    city: str
    dateline: str
    body: Markup
    ended: Markup
    footnotes: Markup
    notes: Markup
    contacts: tuple[Person, ...]
    images: tuple[Picture, ...]
    inline: tuple[Picture, ...]
    attachments: tuple[Download, ...]
    corrections: tuple[Notice, ...]
    tags: tuple[str, ...]
    day: Day
    created: str
    published: str
    modified: str
    embargo: str
    embargo_at: str
    draft: bool
    retracted: bool
    url: str
    alternates: tuple[str, ...]
    languages: tuple[str, ...]
    source_language: str
    card: str
    pack: str
    downloads: tuple[Files, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """What the tags are called."""
        return tuple(map(self.office.topic, self.tags))


def localize(edition: Edition, newsroom: Newsroom) -> LocalizedRelease:
    """Return an edition with all its texts in its language; raises InputError for unsafe HTML in a translation.

    A retracted one has lost its texts, pictures and tags but for the headline, the line below it and the notes of its
    corrections: no page, mail or data that is made of it can tell more.
    """
    own = edition.release.source_language
    release = _Localizer(edition.language, edition.catalogs, newsroom, own).release(edition)
    if not release.retracted:
        return release
    none = Markup()
    bare = dataclasses.replace(release, body=none, ended=none, footnotes=none, notes=none, summary="", highlights=())
    return dataclasses.replace(bare, images=(), inline=(), attachments=(), tags=())


def office(newsroom: Newsroom, language: str, catalog: Catalog | None) -> Office:
    """Return the newsroom in one language; raises InputError for unsafe HTML in a translation."""
    return _Localizer(language, (None, catalog), newsroom, language).office()


def _foreign(source: str, language: str) -> str:
    return "" if source == language else source


class _Localizer:
    def __init__(
        self, language: str, catalogs: tuple[Catalog | None, Catalog | None], newsroom: Newsroom, source_language: str
    ) -> None:
        self.catalogs = catalogs
        self.newsroom = newsroom
        self.culture: Culture = CULTURES[language]
        own, room = catalogs
        self.own = Translator(own, source=_foreign(source_language, language))
        self.room = Translator(room, source=_foreign(newsroom.source_language, language))

    def text(self, text: Text | None) -> str:
        return self.own(text.source) if text else ""

    def room_text(self, text: Text | None) -> str:
        return self.room(text.source) if text else ""

    def prose(self, text: Markdown | None, words: Translator, prefix: str = "", base_level: int = 2) -> Rendered:
        if text is None:
            return Rendered("", "", (), (), ())
        rendered = markup.render(text.source, words, base_level=base_level, prefix=prefix)
        if rendered.dropped:
            # The source was checked when it was read, so this came with a translation.
            catalog = self.catalogs[0 if words is self.own else 1]
            path = catalog.path if catalog else text.path
            message = f"{', '.join(rendered.dropped)} is not allowed in a translation"
            raise InputError(Problem(path, 0, message, "use the markup of the msgid"))
        return rendered

    def day(self, day: date) -> Day:
        return Day(self.culture.day(day), day.isoformat())

    def person(self, key: ContactKey) -> Person:
        contact = self.newsroom.contacts[key]
        return Person(
            self.room_text(contact.name),
            self.room_text(contact.role),
            contact.email or "",
            contact.phone or "",
            self.room_text(contact.bureau),
            self.room_text(contact.division),
            self.officer(contact.head) if contact.head else None,
            tuple(map(self.officer, contact.officers)),
        )

    def officer(self, officer: Officer) -> Person:
        return Person(self.room_text(officer.name), self.room_text(officer.role), "", officer.phone or "")

    def office(self) -> Office:
        newsroom = self.newsroom
        return Office(
            name=self.room_text(newsroom.name),
            short_name=self.room_text(newsroom.short_name),
            office=self.room_text(newsroom.office),
            url=newsroom.base_url,
            boilerplate=Markup(self.prose(newsroom.boilerplate, self.room, "about", 3).html),
            contacts=tuple(self.person(key) for key in newsroom.contacts),
            logo=newsroom.logo or "",
            accent=newsroom.accent,
            topics={tag.lower(): self.room_text(name) for tag, name in (newsroom.topics or {}).items()},
        )

    def release(self, edition: Edition) -> LocalizedRelease:
        release = edition.release
        published = max(filter(None, (release.date, release.embargo)), key=lambda moment: moment.at).at
        changed = [correction.date.at for correction in release.corrections]
        office = self.office()
        city = self.text(release.city)
        day = release.date.at.astimezone(self.newsroom.timezone).date() if release.date.precise else release.date.day
        dateline = self.culture.dateline(city, day) if city and self.culture.dateline else ""
        body = self.prose(release.body, self.own)
        opening = f'<span class="dateline">{Markup.escape(dateline)}</span>'
        html = markup.prepend_inline(body.html, opening) if dateline else body.html
        notes = self.prose(release.notes, self.own, "notes", 3)
        return LocalizedRelease(
            id=release.id,
            language=edition.language,
            version=release.version,
            office=office,
            title=self.text(release.title),
            subtitle=self.text(release.subtitle),
            summary=self.text(release.summary),
            highlights=tuple(map(self.text, release.highlights)),
            city=city,
            dateline=dateline.strip(),
            body=Markup(html),
            ended=Markup(self.end(html)),
            footnotes=Markup(body.footnotes),
            notes=Markup(notes.html + notes.footnotes),
            contacts=tuple(map(self.person, release.contacts)) or office.contacts[:1],
            images=tuple(
                self.picture(image, self.text(image.alt), self.text(image.caption), self.text(image.credit))
                for image in release.images
            ),
            inline=tuple(self.picture(item) for item in release.inline_pictures),
            attachments=tuple(Download(quote(item.file), self.text(item.title)) for item in release.attachments),
            corrections=tuple(Notice(self.day(item.date.day), self.text(item.note)) for item in release.corrections),
            tags=tuple(dict.fromkeys(tag.lower() for tag in release.tags)),
            day=self.day(day),
            created=release.date.at.isoformat(),
            published=published.isoformat(),
            modified=max(changed[-1:] or [release.date.at]).isoformat(),
            embargo=self.culture.instant(edition.embargo.astimezone(self.newsroom.timezone)) if edition.embargo else "",
            embargo_at=edition.embargo.isoformat() if edition.embargo else "",
            draft=edition.draft,
            retracted=edition.state is State.RETRACTED,
            url=f"{self.newsroom.base_url}{edition.language}/{release.id}/",
            alternates=edition.alternates,
            languages=tuple(map(str, release.languages)),
            source_language=str(release.source_language),
            card="" if edition.state is not State.PUBLIC else card_name(release.id, edition.language),
            pack="" if edition.state is not State.PUBLIC else f"../../{pack_path(release.id)}",
        )

    def picture(self, item: Image | InlinePicture, alt: str = "", caption: str = "", credit: str = "") -> Picture:
        smaller = tuple((quote(name), width) for name, width in pictures.renditions(item.file, item.width))
        return Picture(quote(item.file), alt, caption, credit, item.width, item.height, smaller)

    def end(self, html: str) -> str:
        mark = f'<span class="end">{self.culture.end_mark}</span>'
        return (
            markup.append_inline(html, mark)
            if self.culture.end_inline
            else f'{html}\n<p class="end">{self.culture.end_mark}</p>'
        )


def detached(release: LocalizedRelease, pictures: str = "") -> LocalizedRelease:
    """Return the release with absolute addresses, for files that leave their place.

    They begin with the page's public address; ``pictures`` is another beginning for those of pictures.
    """
    pictures = pictures or release.url

    def rebased(html: Markup) -> Markup:
        return Markup(markup.absolute(html, release.url, pictures))

    return dataclasses.replace(
        release,
        body=rebased(release.body),
        ended=rebased(release.ended),
        footnotes=rebased(release.footnotes),
        notes=rebased(release.notes),
        images=tuple(dataclasses.replace(i, file=pictures + i.file) for i in release.images),
        attachments=tuple(dataclasses.replace(a, file=release.url + a.file) for a in release.attachments),
    )
