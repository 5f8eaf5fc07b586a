"""A mail server for tests: aiosmtpd, told what to answer, which keeps what it took.

Run as a program (``python mailserver.py PORT LOG [DELAY]``) it writes a line for each message into a file, so that it
can be killed and asked afterwards what it took.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Taken:
    """A message that the server took: its envelope, its bytes, and the connection that it came over."""

    sender: str
    to: str
    data: bytes
    options: tuple[str, ...]
    connection: int

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.data, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class MailServer:
    """``answer`` is called at ``mail``, ``rcpt`` and ``end`` with the recipient's address (the sender's at ``mail``).

    It returns an answer instead of the usual one, or nothing. ``drop`` names the stage at which the connection is cut:
    connect, ehlo, mail, rcpt, data (after 354) or end (the message is taken), as many times as ``drops``.
    """

    port: int
    answer: Callable[[str, str], str | None] = lambda stage, address: None
    drop: str = ""
    drops: int = 1
    size: int = 50_000_000
    utf8: bool = True
    eightbit: bool = True
    delay: float = 0.0
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    plain: bool = False
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    tries: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> MailServer:
        server = self

        class Its(SMTP):
            def connection_made(self, transport: Any) -> None:
                server.connections += 1
                if server._cut("connect"):
                    transport.abort()
                    return
                super().connection_made(transport)

            async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
                if self.session and self.envelope and self.envelope.rcpt_tos and server._cut("data"):
                    await self.push("354 go on")
                    self.transport.abort()
                    return
                await super().smtp_DATA(arg)

        class Ours(Controller):
            def factory(self) -> SMTP:
                options: dict[str, Any] = {"data_size_limit": server.size, "enable_SMTPUTF8": server.utf8}
                options["decode_data"] = not server.eightbit
                if server.tls and not server.implicit:
                    options |= {"tls_context": server.tls, "require_starttls": True}
                if server.login:
                    options |= {"authenticator": server._check, "auth_required": True}
                    options["auth_require_tls"] = not (server.implicit or server.plain)
                return Its(self.handler, hostname="localhost", **options)

        context = self.tls if self.implicit else None
        self._controller = Ours(self, hostname="127.0.0.1", port=self.port, ssl_context=context)
        self._controller.start()
        self.connections, self.drops_left = 0, self.drops
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _check(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    def _cut(self, stage: str) -> bool:
        # The controller makes a connection of its own to see that the server is there.
        if stage != self.drop or not getattr(self, "drops_left", 0):
            return False
        self.drops_left -= 1
        return True

    async def _stage(self, stage: str, server: SMTP, address: str) -> str | None:
        self.tries[stage] += 1
        if self._cut(stage):
            assert server.transport
            server.transport.abort()
            return "451 gone"
        return self.answer(stage, address)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        await self._stage("ehlo", server, hostname)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := await self._stage("mail", server, address):
            return said
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := await self._stage("rcpt", server, address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.delay:
            await asyncio.sleep(self.delay)
        (to,) = envelope.rcpt_tos
        said = self.answer("end", to)
        if said is None:
            assert isinstance(envelope.original_content, bytes)
            options = tuple(envelope.mail_options)
            one = Taken(envelope.mail_from or "", to, envelope.original_content, options, self.connections)
            self.taken.append(one)
            if self._cut("end"):
                assert server.transport
                server.transport.abort()
        return said or f"250 OK number {len(self.taken)}"


class Counting:
    """Writes down each message that it takes before it says so."""

    def __init__(self, log: Path, delay: float) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._delay = delay

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.original_content, bytes)
        head = envelope.original_content.partition(b"\r\n\r\n")[0]
        identifier = email.message_from_bytes(head)["Message-ID"]
        os.write(self._log, f"{envelope.rcpt_tos[0]} {identifier}\n".encode())
        if self._delay:
            await asyncio.sleep(self._delay)
        return "250 OK"


def main() -> None:
    port, log, delay = int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    options = {"data_size_limit": 50_000_000}
    Controller(Counting(log, delay), hostname="127.0.0.1", port=port, server_kwargs=options).start()
    print("ready", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
