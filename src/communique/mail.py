"""LocalizedRelease → what goes into a mail: HTML, plain text, and the whole message."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import quopri
import re
from collections.abc import Iterable
from email.header import Header
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime, formataddr
from urllib.parse import urlsplit

import css_inline
from markupsafe import Markup

from communique import markup
from communique.catalog import Translator
from communique.errors import InputError, Problem
from communique.letters import host_in_ascii
from communique.localize import LocalizedRelease, Person, detached
from communique.model import Newsroom, Release
from communique.plaintext import Links
from communique.templates import Templates

#: Gmail shows no more of a message's HTML than this many bytes.
CLIPPED_AT = 102 * 1024

# RFC 2047, 2: a line with an encoded word has 76 characters at most. The newer policies of the library write an
# identifier that is longer than a line as an encoded word, which no mail program takes for one.
_WIRE = compat32.clone(linesep="\r\n", max_line_length=76)


class _Identifiers(Header):
    """Identifiers (RFC 5322, 3.6.4), a line each: folding would part a long one from the name of its header."""

    def encode(self, splitchars: str = "", maxlinelen: int | None = None, linesep: str = "\n") -> str:
        return (linesep + " ").join(str(self).split(" "))


def html(release: LocalizedRelease, templates: Templates, words: Translator, path: str) -> bytes:
    """Return the mail's HTML in UTF-8 with every style inline; raises InputError where Gmail would cut it.

    What counts is its size in the message, where a Korean letter takes four bytes.
    """
    page = templates.render("mail/release.html.j2", words, release=_fitted(release))
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
    result = inliner.inline(page).encode()
    if (size := len(_encoded(result)[1])) > CLIPPED_AT:
        told = f"the mail would have {size / 1024:.0f} KB of HTML; Gmail cuts at 102 KB"
        raise InputError(Problem(path, 0, told, "shorten the text, or move a part of it into an attachment"))
    return result


def text(release: LocalizedRelease, templates: Templates, words: Translator) -> bytes:
    """Return the mail's plain text in UTF-8, 72 columns wide, with its links listed at the end."""
    plain = templates.render("mail/release.txt.j2", words, release=_fitted(release), links=Links())
    lines = (line.rstrip(" ") for line in plain.strip("\n").split("\n"))
    return (re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n").encode()


def _fitted(release: LocalizedRelease) -> LocalizedRelease:
    """Return a release as a mail has it: with absolute addresses, and links where its pictures were."""
    release = detached(release)
    ended, footnotes, notes, about = (
        Markup(markup.without_pictures(html))
        for html in (release.ended, release.footnotes, release.notes, release.office.boilerplate)
    )
    office = dataclasses.replace(release.office, boilerplate=about)
    return dataclasses.replace(release, ended=ended, footnotes=footnotes, notes=notes, office=office)


def message_id(release_id: str, version: int, language: str, host: str, recipient: str = "") -> str:
    """Return the identifier (RFC 5322, 3.6.4) of a release's mail in one version and language, with its brackets.

    ``host`` is the newsroom's, also in letters other than ASCII's. ``recipient`` is the address that the mail goes to,
    of which only a digest is shown, or empty for the message of the build, which has none. An address in capitals is
    the same one.
    """
    local = f"{release_id}.v{version}.{language}"
    if recipient:
        # The release counts in it, so that nobody can follow a person from mail to mail.
        local += "." + hashlib.sha256(f"{local}\0{recipient.strip().casefold()}".encode()).hexdigest()[:16]
    return f"<{local}@{host_in_ascii(host)}>"


def thread(release_id: str, version: int, language: str, host: str, recipient: str = "") -> tuple[str, ...]:
    """Return the identifiers of a mail's earlier versions, oldest first: what its References are.

    In-Reply-To is the first of them: whoever got a correction got the first mail, and need not have got the others.
    """
    return tuple(message_id(release_id, n, language, host, recipient) for n in range(1, version))


def message(
    release: LocalizedRelease,
    source: Release,
    newsroom: Newsroom,
    subject: str,
    parts: tuple[bytes, bytes, bytes],
) -> bytes:
    """Return the whole message without recipients (RFC 5322): ``parts`` are its text, HTML and PDF, or no PDF.

    It is ASCII throughout. ``X-Unsent`` has mail programs open it as a message to be sent. Everything in it comes
    from the release, so that the same release gives the same bytes. Raises InputError where no sender is known.
    """
    sender = newsroom.smtp and newsroom.smtp.sender
    contacts = [c for c in (*release.contacts, *release.office.contacts) if c.email]
    if not sender and not contacts:
        hint = "give a contact an email, or write smtp: {sender: …}"
        raise InputError(Problem(newsroom.path, 0, "no contact has an email, so the message has no sender", hint))
    plain, page, pdf = parts
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]
    body = _multipart("alternative", f"=_{digest}_1", (_text("plain", plain), _text("html", page)))
    mail = _multipart("mixed", f"=_{digest}_0", (body, *([_file(release, pdf)] if pdf else [])))
    host = urlsplit(newsroom.base_url).hostname or "localhost"
    earlier = thread(release.id, release.version, release.language, host)
    dates = [source.date.at, *(correction.date.at for correction in source.corrections)]
    headers: list[tuple[str, str | Header]] = [
        ("MIME-Version", "1.0"),
        ("Subject", _words("Subject", subject)),
        ("From", _address("From", release.office.name, sender or contacts[0].email, newsroom.path)),
        *(("Reply-To", _address("Reply-To", c.name, c.email, newsroom.path)) for c in _asked(release)),
        ("Date", format_datetime(max(dates))),
        ("Message-ID", _Identifiers(message_id(release.id, release.version, release.language, host))),
        *(
            [("In-Reply-To", _Identifiers(earlier[0])), ("References", _Identifiers(" ".join(earlier)))]
            if earlier
            else []
        ),
        ("Content-Language", release.language),
        # RFC 3834, 5.1: "auto-generated" is for messages of automatic processes and must not stand in one that a human
        # sends. People wrote this one and people start its sending; "no" says so.
        ("Auto-Submitted", "no"),
        # Absence notes to the press desk are kept away by what Exchange asks for, and by List-Unsubscribe elsewhere.
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("X-Unsent", "1"),
    ]
    for name, value in headers:
        mail[name] = value  # type: ignore[assignment]  # the policy takes both
    return mail.as_bytes(policy=_WIRE)


def _asked(release: LocalizedRelease) -> list[Person]:
    """Return whom an answer goes to: the first contact of the release that has an address, if any."""
    return [person for person in release.contacts if person.email][:1]


def _line(text: str) -> str:
    """Return a text without control characters and line breaks, with which it could begin a header of its own."""
    return re.sub("[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def _is_plain(line: str) -> bool:
    """Whether a header can have a text as it is: ASCII, which can be folded and not be taken for an encoded word."""
    return line.isascii() and "=?" not in line and max(map(len, line.split(" "))) < 60


def _words(name: str, text: str) -> Header:
    """Return a header's text, folded; in encoded words (RFC 2047) of whole letters where it is not plain."""
    line = _line(text)
    return Header(line, "us-ascii" if _is_plain(line) else "utf-8", header_name=name)


def _address(header: str, name: str, address: str, path: str) -> Header:
    """Return a mailbox (RFC 5322, 3.4) with its domain in ASCII; raises InputError where the rest of it is not."""
    local, _, domain = address.rpartition("@")
    try:
        mailbox = f"{local}@{host_in_ascii(domain)}"
        mailbox.encode("ascii")
    except UnicodeError:
        hint = "not every mail server takes other letters before the @, or such a domain"
        line = getattr(address, "line", 0)
        raise InputError(Problem(path, line, f"{address} has letters that are not ASCII's", hint)) from None
    return mailbox_header(header, _line(name), mailbox)


def mailbox_header(header: str, name: str, mailbox: str) -> Header:
    """Return a name and an ASCII address as a header has them (RFC 5322, 3.4), in encoded words where that is due."""
    if _is_plain(name):
        return Header(formataddr((name, mailbox)), "us-ascii", header_name=header)
    value = Header(name, "utf-8", header_name=header)
    value.append(f"<{mailbox}>", "us-ascii")
    return value


def _multipart(kind: str, boundary: str, parts: Iterable[Message]) -> Message:
    """Return a multipart whose boundary is given, and not drawn by chance as the library does."""
    whole = Message()
    whole.add_header("Content-Type", f"multipart/{kind}", boundary=boundary)
    for part in parts:
        whole.attach(part)
    return whole


def _text(kind: str, data: bytes) -> Message:
    part = Message()
    part.add_header("Content-Type", f"text/{kind}", charset="utf-8")
    encoding, payload = _encoded(data)
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(payload)
    return part


def _file(release: LocalizedRelease, pdf: bytes) -> Message:
    """Return the PDF as an attachment.

    Its name is ASCII, as identifiers and languages are, and so survives programs that know no RFC 2231; it stands in
    Content-Type as well, where old ones look for it.
    """
    name = f"{release.id}.{release.language}.pdf"
    part = Message()
    part.add_header("Content-Type", "application/pdf", name=name)
    part.add_header("Content-Disposition", "attachment", filename=name)
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(pdf).decode())
    return part


def _encoded(data: bytes) -> tuple[str, str]:
    """Return the shorter of the two encodings that all servers take (RFC 2045, 6), its name first.

    Quoted-printable triples a Korean letter's bytes, base64 adds a third to all; 8bit needs servers with 8BITMIME.
    """
    quoted = quopri.encodestring(data).decode()
    # Line breaks are CRLF before base64 is taken of a text (RFC 2045, 6.8).
    packed = base64.encodebytes(data.replace(b"\n", b"\r\n")).decode()
    return min(("quoted-printable", quoted), ("base64", packed), key=lambda encoded: len(encoded[1]))
