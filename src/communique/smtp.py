"""A connection to the mail server (RFC 5321), which takes one message after the other.

Over the standard library's smtplib: messages go one by one, in the order that the ledger can vouch for, so that
nothing would be gained by an asynchronous client. DATA is spoken here: smtplib sends a message and its end in one go,
and when that fails nobody can say whether the end was among what was sent. What goes wrong::

    SmtpError           ``words`` are the server's, or say what happened
      RefusedError      the server will not take this message (5xx)
      DeferredError     not now (4xx)
      LostError         the connection went before the end of the message: the server has nothing
      DoubtfulError     the connection went after it: the server may have the message
      UnusableError     the server cannot be used at all: no TLS, a wrong certificate, a wrong password
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import select
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from communique.errors import InputError, Problem
from communique.letters import fold
from communique.model import Smtp
from communique.recipients import Mailbox

PASSWORD = "COMMUNIQUE_SMTP_PASSWORD"
#: Seconds. RFC 5321 4.5.3.2 has 5 minutes for most answers, and 10 for that to the end of a message: a server that is
#: still at work is not asked again too soon.
CONNECTING, ANSWERING, TAKING = 30.0, 300.0, 600.0
_GONE = (smtplib.SMTPServerDisconnected, OSError)


class SmtpError(Exception):
    """The root of what goes wrong with a server; ``words`` say what."""

    def __init__(self, words: str, *, hint: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint


class RefusedError(SmtpError):
    """The server will not take this message."""


class UnfitError(SmtpError):
    """The server said beforehand that it takes no such message; it was not asked."""


class DeferredError(SmtpError):
    """The server does not take this message now."""


class LostError(SmtpError):
    """The connection went, or was not to be had; the server has nothing of this message."""


class DoubtfulError(SmtpError):
    """The connection went while the server was to answer for a whole message."""


class UnusableError(SmtpError):
    """The server cannot be used, now or later."""


@dataclass(frozen=True)
class Account:
    """Where messages are handed in, and where that was written. The password is not shown when this is."""

    host: str
    port: int
    security: str
    username: str = ""
    password: str = ""
    path: str = ""
    line: int = 0

    def __repr__(self) -> str:
        return f"Account({self.host}:{self.port})"


def account(settings: Smtp, path: str) -> Account:
    """Return the newsroom's account, its password from the environment or the system's keyring.

    Raises InputError where there is no password, and for mail in the clear to another machine.
    """
    host, name = str(settings.host), str(settings.username or "")
    if settings.security == "none" and not _is_loopback(host):
        hint = "write security: starttls or tls; none is for this machine's own server"
        raise InputError(Problem(path, settings.host.line, f"mail to {host} would go in the clear", hint))
    password = os.environ.get(PASSWORD, "") or _from_keyring(host, name) if name else ""
    if name and not password:
        hint = f"put it into the environment as {PASSWORD}, or run: keyring set communique {name}@{host}"
        message = f"there is no password for {name} at {host}"
        raise InputError(Problem(path, settings.host.line, message, hint))
    return Account(host, settings.port, settings.security, name, password, path, settings.host.line)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _from_keyring(host: str, name: str) -> str:
    """Return the password that the system's keyring has, if that extra is installed."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return ""
    with contextlib.suppress(keyring.errors.KeyringError):
        return keyring.get_password("communique", f"{name}@{host}") or ""
    return ""


class Connection:
    """One connection, ready for messages.

    ``largest`` is the size (octets) that the server takes, 0 where it does not say. Raises LostError, DeferredError
    and UnusableError while it is being made.
    """

    def __init__(self, to: Account) -> None:
        try:
            self._smtp = self._open(to)
        except smtplib.SMTPConnectError as error:
            raise _of_code(error.smtp_code, _words(error.smtp_code, error.smtp_error)) from None
        except ssl.SSLCertVerificationError as error:
            hint = "a certificate authority of your own is named by SSL_CERT_FILE"
            message = f"the certificate of {to.host} is not to be trusted: {error.verify_message}"
            raise UnusableError(message, hint=hint) from None
        except ssl.SSLError as error:
            hint = "security: tls is for port 465, starttls for port 587"
            raise UnusableError(f"no TLS with {to.host}:{to.port}: {error.reason}", hint=hint) from None
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise LostError(f"the name {to.host} is not found now") from None
            raise UnusableError(f"there is no server {to.host}", hint="look at smtp: host") from None
        except _GONE as error:
            raise LostError(f"{to.host}:{to.port}: {_reason(error)}") from None
        try:
            self._greet(to)
        except BaseException:
            self.close()
            raise
        self.largest = int(size) if (size := self._smtp.esmtp_features.get("size", "")).isdigit() else 0
        self.takes_8bit = self._smtp.has_extn("8bitmime")
        self.takes_utf8 = self._smtp.has_extn("smtputf8")

    @staticmethod
    def _open(to: Account) -> smtplib.SMTP:
        if to.security == "tls":
            return smtplib.SMTP_SSL(to.host, to.port, timeout=CONNECTING, context=ssl.create_default_context())
        return smtplib.SMTP(to.host, to.port, timeout=CONNECTING)

    def _greet(self, to: Account) -> None:
        # A message's end is a packet of its own: it does not wait for the acknowledgement of what went before it.
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._speaking():
            self._smtp.ehlo_or_helo_if_needed()
            if to.security == "starttls":
                self._start_tls(to)
            if to.username:
                self._sign_in(to)
        self._sock.settimeout(ANSWERING)

    @property
    def _sock(self) -> socket.socket:
        sock: socket.socket | None = self._smtp.sock
        if sock is None:
            raise LostError("the connection is closed")
        return sock

    def _start_tls(self, to: Account) -> None:
        if not self._smtp.has_extn("starttls"):
            hint = "ask who runs the server; without it the password and the mail would go in the clear"
            raise UnusableError(f"{to.host}:{to.port} does not offer STARTTLS", hint=hint)
        try:
            code, words = self._smtp.starttls(context=ssl.create_default_context())
        except ssl.SSLCertVerificationError as error:
            hint = "a certificate authority of your own is named by SSL_CERT_FILE"
            message = f"the certificate of {to.host} is not to be trusted: {error.verify_message}"
            raise UnusableError(message, hint=hint) from None
        if code != 220:
            raise _of_code(code, _words(code, words))
        self._smtp.ehlo()

    def _sign_in(self, to: Account) -> None:
        try:
            self._smtp.login(to.username, to.password)
        except smtplib.SMTPNotSupportedError:
            message = f"{to.host}:{to.port} takes no user name"
            raise UnusableError(message, hint="leave username out of smtp:, or look at the port") from None
        except smtplib.SMTPAuthenticationError as error:
            words = _words(error.smtp_code, error.smtp_error)
            if error.smtp_code < 500:
                raise DeferredError(words) from None
            raise UnusableError(
                f"{to.host} does not let {to.username} in: {words}", hint="look at username and password"
            ) from None
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException as error:
            raise UnusableError(f"{to.host} has no way of signing in that is known here: {error}") from None

    def send(
        self, sender: Mailbox, to: Mailbox, header: bytes, body: bytes, before_end: Callable[[], None], *, is_7bit: bool
    ) -> str:
        """Hand in one message and return the server's words that it took it.

        ``before_end`` is called when all but the end of the message was sent. Raises RefusedError, UnfitError,
        DeferredError, LostError and DoubtfulError.
        """
        with self._speaking():
            options = self._options(sender, to, len(header) + len(body), is_7bit)
            self._expect_sender(sender, *self._smtp.mail(sender.address, options))
            self._expect(*self._smtp.rcpt(to.address))
            self._smtp.putcmd("data")
            self._expect(*self._smtp.getreply(), wanted=354)
            self._smtp.send(header)
            self._smtp.send(body)
        before_end()
        with self._speaking():
            # A server that speaks before the end of a message does not take it, if it speaks at all. Over TLS, what
            # waits to be read may be the protocol's own.
            if not isinstance(self._sock, ssl.SSLSocket) and select.select([self._sock], [], [], 0)[0]:
                self._expect(*self._smtp.getreply(), wanted=0)
            # When this fails, no part of the end was sent that a server could read.
            self._smtp.send(b".\r\n")
        try:
            self._sock.settimeout(TAKING)
            code, words = self._smtp.getreply()
            self._sock.settimeout(ANSWERING)
        except (*_GONE, smtplib.SMTPException) as error:
            self.close()
            raise DoubtfulError(f"no answer to the whole message: {_reason(error)}") from None
        if not 200 <= code < 600:
            self.close()
            raise DoubtfulError(f"an answer that means nothing to the whole message: {_words(code, words)}")
        self._expect(code, words)
        return _words(code, words)

    def _options(self, sender: Mailbox, to: Mailbox, size: int, is_7bit: bool) -> list[str]:
        if self.largest and size > self.largest:
            raise UnfitError(f"the message has {size} bytes, the server takes {self.largest}")
        options = [f"size={size}"] if self._smtp.has_extn("size") else []
        if not (sender.is_ascii and to.is_ascii):
            if not self.takes_utf8:
                raise UnfitError("the server takes no addresses with such letters before the @ (SMTPUTF8)")
            return [*options, "BODY=8BITMIME", "SMTPUTF8"]
        if not is_7bit:
            if not self.takes_8bit:
                raise UnfitError("the server takes 7-bit messages only (8BITMIME)")
            options.append("BODY=8BITMIME")
        return options

    def _expect_sender(self, sender: Mailbox, code: int, words: bytes) -> None:
        """Raise what an answer to MAIL means: nobody's message is taken from a sender who is refused."""
        try:
            self._expect(code, words)
        except RefusedError as error:
            if code == 552:  # RFC 1870 6.1: it is the size
                raise UnfitError(error.words) from None
            hint = "look at smtp: username and sender"
            raise UnusableError(f"it takes no mail from {sender.address}: {error.words}", hint=hint) from None

    def _expect(self, code: int, words: bytes, wanted: int = 250) -> None:
        """Raise what an answer means unless it is the wanted one."""
        if code == wanted or (wanted == 250 and code == 251):
            return
        if code == 421 or code < 200:
            self.close()
        else:
            with contextlib.suppress(*_GONE, smtplib.SMTPException):
                self._smtp.rset()
        raise _of_code(code, _words(code, words))

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn a connection that goes away into LostError."""
        try:
            yield
        except SmtpError:
            raise
        except (*_GONE, smtplib.SMTPException) as error:
            self.close()
            raise LostError(_reason(error)) from None

    @property
    def is_open(self) -> bool:
        return self._smtp.sock is not None

    def close(self) -> None:
        """Close the connection at once."""
        self._smtp.close()

    def quit(self) -> None:
        """Take leave of the server."""
        with contextlib.suppress(*_GONE, smtplib.SMTPException):
            if self.is_open:
                self._sock.settimeout(CONNECTING)
                self._smtp.quit()
        self.close()


def _of_code(code: int, words: str) -> SmtpError:
    if 500 <= code < 600:
        return RefusedError(words)
    return DeferredError(words) if 400 <= code < 500 else LostError(words)


def _words(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "backslashreplace") if isinstance(words, bytes) else words
    # What a server says is shown on a terminal: nothing in it may steer that.
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in fold(f"{code} {text}"))


def _reason(error: Exception) -> str:
    # smtplib makes a lost connection of a silent one, and keeps only the words.
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "the server does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)[:1].lower() + str(error)[1:]
