"""From the list to the mailbox: send hands messages to Postfix, which delivers them; the mailbox is read back."""

from __future__ import annotations

import contextlib
import email.policy
import mailbox
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from conftest import VALLEY, Office

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = mail.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.org, xn--3e0b707e.xn--3e0b707e, 한국.한국
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_recipient_restrictions = reject_unauth_destination
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A Postfix of our own, beside any that the machine has."""

    folder: Path

    def messages(self, number: int) -> list[EmailMessage]:
        """Return what lies in the mailbox, once that many messages do."""
        end = time.monotonic() + 30
        place = self.folder / "mail/inbox"
        while True:
            found = _read(place) if place.exists() else []
            if len(found) >= number:
                return found
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.2)


def _read(place: Path) -> list[EmailMessage]:
    parse = BytesParser(_class=EmailMessage, policy=email.policy.default).parse
    with contextlib.closing(mailbox.mbox(place, create=False)) as box:
        return [parse(box.get_file(key)) for key in box.keys()]  # noqa: SIM118


@pytest.fixture
def postfix(office: Office) -> Iterator[Postfix]:
    if shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("not on this machine: postfix")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and subprocess.run([*as_root, "true"], capture_output=True, check=False).returncode:
        pytest.skip("Postfix's master is started by root only")
    # Not below pytest's own folder, which Postfix's users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="communique-postfix-"))
    folder.chmod(0o755)
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    reader = pwd.getpwuid(os.getuid()) if as_root else pwd.getpwnam("nobody")
    subprocess.run([*as_root, "chown", "postfix:", str(folder / "data")], check=True)
    subprocess.run([*as_root, "chown", str(reader.pw_uid), str(folder / "mail")], check=True)
    (folder / "etc/main.cf").write_text(MAIN.format(folder=folder, uid=reader.pw_uid, gid=reader.pw_gid))
    (folder / "etc/master.cf").write_text(MASTER.format(port=office.port))
    command = [*as_root, "/usr/sbin/postfix", "-c", str(folder / "etc")]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield Postfix(folder)
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=False)
        subprocess.run([*as_root, "rm", "-rf", str(folder)], check=True)


def test_a_release_lies_in_the_mailbox_as_it_was_built(office: Office, postfix: Postfix) -> None:
    people = ["kim@example.org,김기자,ko,,,", "ann@example.org,Ann,en,,,", "luc@example.org,Luc d’Arc,fr,,,"]
    office.send("--yes", people=[*people, "기자@한국.한국,,ko,,,", "out@elsewhere.example,,en,,,"], code=1)
    found = postfix.messages(4)
    by_address = {message["Delivered-To"].split("@")[0]: message for message in found}
    assert {name: message["Content-Language"] for name, message in by_address.items()} == {
        "kim": "ko", "ann": "en", "luc": "fr", "기자": "ko",
    }  # fmt: skip
    for name, language in (("kim", "ko"), ("ann", "en"), ("luc", "fr")):
        message = by_address[name]
        stem = office.room.path / f"output/press/{VALLEY}/{VALLEY}.{language}"
        (pdf,) = message.iter_attachments()
        assert pdf.get_content() == Path(f"{stem}.pdf").read_bytes()
        html, plain = message.get_body(("html",)), message.get_body(("plain",))
        assert html
        assert html.get_content().splitlines() == Path(f"{stem}.html").read_text("utf-8").splitlines()
        assert plain
        assert plain.get_content().splitlines() == Path(f"{stem}.txt").read_text("utf-8").splitlines()
        assert message["Return-Path"] == "<press@example.org>"
        assert message.defects == []
    assert str(by_address["luc"]["To"]) == "Luc d’Arc <luc@example.org>"
    states = office.ledger()
    version, state, words = states["kim@example.org"]
    assert (version, state) == (1, "accepted")
    # The server's words lead to the message in its log.
    queued = words.rpartition(" ")[2]
    assert f"{queued}: message-id={by_address['kim']['Message-ID']}" in (postfix.folder / "log").read_text()
    assert states["out@elsewhere.example"][1] == "refused"
    assert "Relay access denied" in states["out@elsewhere.example"][2]


@pytest.mark.slow
def test_three_hundred_lie_there_once_each(office: Office, postfix: Postfix) -> None:
    office.send("--yes", people=[f"r{n}@example.org,,{('ko', 'en', 'fr')[n % 3]},,," for n in range(300)])
    found = [message["Delivered-To"] for message in postfix.messages(300)]
    assert sorted(found) == sorted(f"r{n}@example.org" for n in range(300))
