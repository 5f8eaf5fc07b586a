"""LocalizedRelease → what goes into a mail: HTML, plain text, and the whole message."""

from __future__ import annotations

import hashlib
import re
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

import css_inline

from communique.catalog import Translator
from communique.errors import InputError, Problem
from communique.localize import LocalizedRelease, detached
from communique.model import Newsroom, Release
from communique.plaintext import Links
from communique.templates import Templates

#: Gmail shows no more of a message's HTML than this many bytes.
CLIPPED_AT = 102 * 1024


def html(release: LocalizedRelease, templates: Templates, words: Translator, path: str) -> bytes:
    """Return the mail's HTML in UTF-8 with every style inline; raises InputError where Gmail would cut it."""
    page = templates.render("mail/release.html.j2", words, release=detached(release))
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True)
    result = inliner.inline(page).encode()
    if len(result) > CLIPPED_AT:
        size = f"{len(result) / 1024:.0f} KB"
        hint = "shorten the text, or move a part of it into an attachment"
        raise InputError(Problem(path, 0, f"the mail would have {size} of HTML; Gmail cuts at 102 KB", hint))
    return result


def text(release: LocalizedRelease, templates: Templates, words: Translator) -> bytes:
    """Return the mail's plain text in UTF-8, 72 columns wide, with its links listed at the end."""
    plain = templates.render("mail/release.txt.j2", words, release=detached(release), links=Links())
    lines = (line.rstrip(" ") for line in plain.strip("\n").split("\n"))
    return (re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n").encode()


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
    name = host.encode("idna").decode() if not host.isascii() else host
    return f"<{local}@{name}>"


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
    """Return the whole message without recipients (RFC 5322): ``parts`` are its text, HTML and PDF.

    ``X-Unsent`` has mail programs open it as a message to be sent. Everything in it comes from the release, so
    that the same release gives the same bytes.
    """
    plain, page, pdf = parts
    sender = newsroom.smtp and newsroom.smtp.sender
    address = sender or next((c.email for c in (*release.contacts, *release.office.contacts) if c.email), "")
    if not address:
        hint = "give a contact an email, or write smtp: {sender: …}"
        raise InputError(Problem(newsroom.path, 0, "no contact has an email, so the message has no sender", hint))
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = Address(release.office.name, addr_spec=address)
    reply = next((c.email for c in release.contacts if c.email), "")
    if reply and reply != address:
        mail["Reply-To"] = reply
    mail["Date"] = format_datetime(source.date.at)
    host = urlsplit(newsroom.base_url).hostname
    mail["Message-ID"] = message_id(release.id, release.version, release.language, host or "localhost")
    mail["X-Unsent"] = "1"
    mail.set_content(plain.decode())
    mail.add_alternative(page.decode(), subtype="html")
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{release.id}.{release.language}.pdf")
    # Set last: a part that is added takes the Content-… headers of the whole with it.
    mail["Content-Language"] = release.language
    _fix_boundaries(mail, hashlib.sha256(b"\0".join(parts)).hexdigest()[:24])
    return mail.as_bytes()


def _fix_boundaries(mail: MIMEPart, digest: str) -> None:
    """Set each multipart's boundary, which the library would draw by chance."""
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{digest}_{number}")
