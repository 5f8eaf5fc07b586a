"""One built message → a copy for each recipient: only headers are written, the body is encoded and read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import quote

from communique.errors import InputError, Problem
from communique.letters import fold
from communique.mail import mailbox_header
from communique.model import Dkim
from communique.recipients import Mailbox, mailbox

#: Given to each copy anew; X-Unsent only has mail programs open the built message as one to be sent.
_OWN = frozenset(
    b"to cc bcc date message-id in-reply-to references list-unsubscribe list-unsubscribe-post x-unsent".split()
)
_FIELD = re.compile(rb"([!-9;-~]+):(?:[^\r\n]|\r\n[ \t])*\r\n")

#: Signed once more than they stand there, so that nobody can add one (RFC 6376 5.4.2, 8.15).
OVERSIGNED = (
    b"from to cc subject date reply-to message-id in-reply-to references mime-version content-type "
    b"content-transfer-encoding list-unsubscribe list-unsubscribe-post"
).split()
_ALSO_SIGNED = b"auto-submitted content-language".split()


class Signer:
    """Signs copies by DKIM (RFC 6376), relaxed/simple: the body is 7-bit, which no relay has a reason to change.

    Raises InputError for a key that cannot be used.
    """

    def __init__(self, settings: Dkim, folder: Path, path: str) -> None:
        # Slow to import, and most newsrooms have their server sign.
        import dkim

        self._dkim = dkim
        self._domain, self._selector = settings.domain.encode(), settings.selector.encode()
        place = folder / Path(settings.key).expanduser()
        line = settings.key.line
        try:
            self._key = place.read_bytes()
            dkim.parse_pem_private_key(self._key)
        except OSError as error:
            raise InputError(Problem(path, line, f"the key {settings.key} cannot be read: {error.strerror}")) from None
        except Exception as error:  # dkimpy's parser raises whatever its input leads it to
            hint = "make one with: openssl genrsa -out press.key 2048"
            raise InputError(Problem(path, line, f"{settings.key} is no RSA key in PEM: {error}", hint)) from None

    def sign(self, fields: list[tuple[bytes, bytes]], body: bytes) -> bytes:
        """Return the DKIM-Signature field of a message."""
        signer = self._dkim.DKIM()
        # Not set_message: it would take the whole message apart for each recipient.
        signer.headers, signer.body = fields, body
        names = [name.lower() for name, _ in fields]
        signed = [name for name in names if name in (*OVERSIGNED, *_ALSO_SIGNED)] + OVERSIGNED
        field: bytes = signer.sign(self._selector, self._domain, self._key, include_headers=signed)
        return field


class Original:
    """The built message of one edition: what all its copies share.

    ``body`` is as it travels (RFC 5321 4.5.2: a line's first dot is doubled), without the end of the message.
    """

    def __init__(self, data: bytes, path: str) -> None:
        head, gap, body = data.partition(b"\r\n\r\n")
        if not gap:
            raise InputError(Problem(path, 0, "is no message", "build again"))
        self._fields: list[tuple[bytes, bytes]] = []
        for match in _FIELD.finditer(head + b"\r\n"):
            if match[1].lower() not in _OWN:
                self._fields.append((match[1], match[0][len(match[1]) + 1 :]))
        parsed = BytesHeaderParser().parsebytes(head + gap)
        self.subject = fold(str(make_header(decode_header(parsed["Subject"]))))
        _, sender = parseaddr(parsed["From"])
        try:
            self.sender = mailbox(sender)
        except ValueError as error:
            raise InputError(Problem(path, 0, f"its sender '{sender}' cannot send: {error}")) from None
        self.path = path
        self.content = body if body.endswith(b"\r\n") else body + b"\r\n"
        self.body = re.sub(rb"(?m)^\.", b"..", self.content)
        self.is_7bit = data.isascii()

    def copy(
        self,
        to: Mailbox,
        name: str,
        message_id: str,
        *,
        thread: Iterable[str] = (),
        at: datetime,
        unsubscribe: str = "",
        sign: Callable[[list[tuple[bytes, bytes]], bytes], bytes] | None = None,
        mark: str = "",
    ) -> bytes:
        """Return a copy's header with the empty line that ends it.

        ``thread`` are the identifiers of the earlier messages that it corrects, oldest first. ``unsubscribe`` is the
        newsroom's address for that, with ``{address}`` in it; without one a mail to the sender does it. ``mark`` goes
        before the subject.
        """
        own = [("Message-ID", message_id), ("Date", format_datetime(at))]
        if earlier := list(thread):
            own += [("In-Reply-To", earlier[0]), ("References", "\r\n ".join(earlier))]
        own += _unsubscribe(unsubscribe, to, self.sender)
        fields = [*self._fields, (b"To", _to(to, name))]
        if mark:
            # On a line of its own: what follows it is encoded and folded already.
            before = b" " + mark.encode("ascii") + b"\r\n"
            fields = [(n, before + v if n.lower() == b"subject" else v) for n, v in fields]
        fields += ((n.encode(), b" " + v.encode() + b"\r\n") for n, v in own)
        signature = sign(fields, self.content) if sign else b""
        return signature + b"".join(n + b":" + v for n, v in fields) + b"\r\n"


def _to(to: Mailbox, name: str) -> bytes:
    """Return the value of To, as it travels: with the space before it and the end of its last line."""
    if not name:
        return f" {to.address}\r\n".encode()
    if not to.is_ascii:
        # Only then may letters of any kind stand in a quoted string (RFC 6532 3.2).
        quoted = re.sub(r'(["\\\\])', r"\\\1", name)
        return f' "{quoted}" <{to.address}>\r\n'.encode()
    folded = mailbox_header("To", name, to.address).encode(linesep="\r\n")
    return f" {folded}\r\n".encode()


def _unsubscribe(address: str, to: Mailbox, sender: Mailbox) -> list[tuple[str, str]]:
    """Return the fields that mail programs show as a button (RFC 2369 3.2), in one click (RFC 8058) where they can."""
    person = quote(to.address, safe="")
    by_mail = f"<mailto:{quote(sender.address, safe='@')}?subject=unsubscribe%20{person}>"
    if not address:
        return [("List-Unsubscribe", by_mail)]
    by_web = f"<{address.replace('{address}', person)}>"
    return [
        ("List-Unsubscribe", f"{by_web},\r\n {by_mail}"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
