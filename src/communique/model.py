"""The frozen types that travel through the house.

The dataclasses with :func:`key` fields are the contract with authors: :mod:`communique.schema` reads
YAML into them, and makes the JSON Schema of the files from them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NewType
from zoneinfo import ZoneInfo

#: The languages that the program speaks, in the order in which they are shown.
LANGUAGES = ("ko", "en", "fr")


class Located(str):
    """A value of a YAML file that is not for reading, with the line it stands on."""

    line: int = 0

    def __new__(cls, value: str, line: int = 0) -> Located:
        located = super().__new__(cls, value)
        located.line = line
        return located

    def __getnewargs__(self) -> tuple[str, int]:  # type: ignore[override]
        return str(self), self.line


Language = NewType("Language", Located)
ContactKey = NewType("ContactKey", Located)
Tag = NewType("Tag", Located)
Alias = NewType("Alias", Located)
FileName = NewType("FileName", Located)
Email = NewType("Email", Located)
Phone = NewType("Phone", Located)
WebAddress = NewType("WebAddress", Located)
Colour = NewType("Colour", Located)
HostName = NewType("HostName", Located)
Word = NewType("Word", Located)
FilePath = NewType("FilePath", Located)
OneClick = NewType("OneClick", Located)


class Untranslated(str):
    """A text in its source language where a translation should stand. Drafts show it, and say so in HTML."""

    language: str

    def __new__(cls, text: str, language: str) -> Untranslated:
        made = super().__new__(cls, text)
        made.language = language
        return made

    def __html__(self) -> str:
        """Return the text as Jinja's autoescaping puts it into a page; attributes need the filter ``bare``."""
        # Templates, which ask for this, have it at hand; a build with nothing to do need not load it.
        from markupsafe import escape

        return f'<span lang="{self.language}">{escape(str(self))}</span>'

    def __repr__(self) -> str:
        return f"Untranslated({str(self)!r}, {self.language!r})"


@dataclass(frozen=True, slots=True)
class Text:
    """A human text in its source language: one message of a catalog. ``line`` counts from 1."""

    source: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Markdown:
    """A human text in Markdown: one message a block. ``line`` is the line of its first character."""

    source: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or an instant of it (``precise``); ``at`` is aware, and midnight for a mere day."""

    at: datetime
    precise: bool
    line: int = 0

    @property
    def day(self) -> date:
        return self.at.date()


def key(doc: str, default: Any = dataclasses.MISSING) -> Any:
    """Return a dataclass field that an author can write; without a default it is required."""
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Somebody of the department in charge, as a 보도자료 names them."""

    name: Text = key("The officer's name.")
    role: Text | None = key("Their rank or function, such as Director.", None)
    phone: Phone | None = key('A telephone number, in quotes: "044-204-7000".', None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody whom journalists can ask."""

    name: Text = key("The person's or the desk's name.")
    role: Text | None = key("What they are, such as Spokesperson for Foreign Media.", None)
    email: Email | None = key("An email address.", None)
    phone: Phone | None = key('A telephone number, in quotes: "+82 44 000 0000".', None)
    bureau: Text | None = key("The bureau in charge, for the table at the end of a Korean 보도자료.", None)
    division: Text | None = key("The division of the bureau.", None)
    head: Officer | None = key("Who heads the division.", None)
    officers: tuple[Officer, ...] = key("The officers who know the matter.", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSettings:
    """How PDFs are made."""

    variant: Literal["pdf/a-3a", "pdf/ua-1"] = key(
        "pdf/a-3a: PDF/A-3a and PDF/UA-1 in one file, with the release's data in it; pdf/ua-1: PDF/UA-1 alone.",
        "pdf/a-3a",
    )
    paper: Literal["A4", "Letter"] = key("The paper size.", "A4")
    layout: dict[Language, Word] = key("The print layout of each language, by name.", {})
    spacing: Literal["national", "eu"] = key(
        "French spaces before : ; ! ?, as the Imprimerie nationale sets them, or none, as EU institutions do.",
        "national",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    """How messages are signed, where the mail server does not sign them itself."""

    domain: HostName = key("The domain that answers for the messages, that of the sender's address.")
    selector: Word = key("The name under which the domain's DNS has the public key.")
    key: FilePath = key("The private key's file, RSA in PEM; best outside of the newsroom's folder.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """The mail server. The password is never written here: it is read from COMMUNIQUE_SMTP_PASSWORD."""

    host: HostName = key("The server's name.")
    port: int = key("The server's port.", 587)
    security: Literal["starttls", "tls", "none"] = key("none is for this machine's own server only.", "starttls")
    username: Word | None = key("The account's name.", None)
    sender: Email | None = key("The address in From.", None)
    unsubscribe: OneClick | None = key(
        "The https address that takes a recipient off the list at one click (RFC 8058), with {address} in it.", None
    )
    dkim: Dkim | None = key("To sign messages by DKIM; leave it out where the mail server signs them.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    """Who speaks: newsroom.yaml."""

    name: Text = key("The office's name in full.")
    short_name: Text | None = key("Its initials or short name.", None)
    office: Text | None = key("The office that issues releases, such as Spokesperson's Office.", None)
    url: WebAddress = key("The address at which the public reads output/site.")
    timezone: ZoneInfo = key("The timezone of dates that do not say, such as Asia/Seoul.")
    languages: tuple[Language, ...] = key("The languages that releases are published in.")
    source_language: Language = key("The language of this file, and of releases that do not say.")
    boilerplate: Markdown | None = key("About the office, in Markdown; it ends every release.", None)
    contacts: dict[ContactKey, Contact] = key("Media contacts by a short name that releases refer to.")
    logo: FileName | None = key("A PNG or SVG file beside newsroom.yaml.", None)
    accent: Colour = key('The office\'s colour, such as "#0b4da2".', Located("#0b4da2"))
    topics: dict[Tag, Text] | None = key("What tags are called on the public pages, by the tag.", None)
    pdf: PdfSettings = key("How PDFs are made.", PdfSettings())
    smtp: Smtp | None = key("The mail server for send.", None)
    path: str = "newsroom.yaml"

    @property
    def base_url(self) -> str:
        """The public web root, with its closing slash."""
        return self.url.rstrip("/") + "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture in the release's folder. ``width`` and ``height`` in pixels, 0 where a drawing has none."""

    file: FileName = key("The picture's file name in the folder named after the release.")
    alt: Text = key("What the picture shows, for people who cannot see it.")
    caption: Text | None = key("The line below the picture.", None)
    credit: Text | None = key("Who made the picture.", None)
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A picture inside a text. ``width`` and ``height`` in pixels, 0 where a drawing has none."""

    file: FileName
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to download with the release."""

    file: FileName = key("The file's name in the folder named after the release.")
    title: Text = key("What the file is called on the page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What was corrected after publication. The first correction makes version 2."""

    date: Moment = key("The day of the correction.")
    note: Text = key("What was corrected.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is announced: releases/ID.yaml with its Markdown body."""

    title: Text = key("The headline.")
    date: Moment = key("The day (2026-11-23) or the instant (2026-11-23T09:00) of issue.")
    source_language: Language = key("The language this file is written in.", None)
    languages: tuple[Language, ...] = key("To narrow the newsroom's languages.", None)
    city: Text | None = key("The city of the dateline.", None)
    subtitle: Text | None = key("The line below the headline.", None)
    summary: Text | None = key("The lead: what happened, in a sentence or two.", None)
    highlights: tuple[Text, ...] = key("Key points, numbered below the headline.", ())
    contacts: tuple[ContactKey, ...] = key("Keys of the contacts in newsroom.yaml.", ())
    embargo: Moment | None = key("Nothing of it is public before this instant.", None)
    status: Literal["draft", "ready", "retracted"] = key("draft is not built; retracted leaves a notice.", "ready")
    together: bool = key("true: no language is out before every language is complete.", False)
    images: tuple[Image, ...] = key("Pictures, in the folder named after the release.", ())
    attachments: tuple[Attachment, ...] = key("Files to download, in the same folder.", ())
    notes: Markdown | None = key("Notes to editors, in Markdown.", None)
    tags: tuple[Tag, ...] = key("Topics: short words in small letters.", ())
    aliases: tuple[Alias, ...] = key("Addresses that the release once had.", ())
    corrections: tuple[Correction, ...] = key("What was corrected after publication, oldest first.", ())
    body: Markdown = key("The text in Markdown, where there is no ID.md.", None)
    id: str
    path: str
    inline_pictures: tuple[InlinePicture, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of its pictures and files, relative to the newsroom's folder."""
        return self.path.removesuffix(".yaml")

    @property
    def pictures(self) -> dict[FileName, int]:
        """The width of each picture (pixels, 0 where a drawing has none), those inside texts last."""
        inside = {item.file: item.width for item in self.inline_pictures}
        return inside | {item.file: item.width for item in self.images}

    @property
    def version(self) -> int:
        """Which version of it goes out, from 1; each correction makes the next one, and so does a retraction."""
        return 1 + len(self.corrections) + (self.status == "retracted")
