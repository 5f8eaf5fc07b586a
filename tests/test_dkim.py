"""DKIM: what arrives is verified by dkimpy against a DNS of our own."""

from __future__ import annotations

import base64
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from conftest import Office
from mailserver import MailServer


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """Return a private key's file, and the DNS record of its public half."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    place = tmp_path_factory.mktemp("key") / "press.key"
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    place.write_bytes(made.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return place, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def signed(office: Office, key: tuple[Path, bytes], people: list[str]) -> list[bytes]:
    office.smtp(
        f"host: 127.0.0.1, port: {office.port}, security: none, sender: press@example.org, "
        'unsubscribe: "https://example.org/off?{address}", '
        f"dkim: {{domain: example.org, selector: s1, key: {key[0]}}}"
    )
    with MailServer(office.port) as server:
        office.send("--yes", people=people)
    return [taken.data for taken in server.taken]


def holds(data: bytes, key: tuple[Path, bytes]) -> bool:
    records = {b"s1._domainkey.example.org.": key[1]}
    verified: bool = dkim.verify(data, dnsfunc=lambda name, timeout: records[name])
    return verified


def test_what_arrives_is_verified(office: Office, key: tuple[Path, bytes]) -> None:
    arrived = signed(
        office, key, ["kim@example.org,김기자,ko,,,", "ann@example.org,,en,,,", "luc@example.org,Luc,fr,,,"]
    )
    assert [holds(data, key) for data in arrived] == [True] * 3
    data = arrived[0]
    field = dkim.DKIM(data)
    field.verify(dnsfunc=lambda name, timeout: key[1])
    # RFC 8058 4: both of the list's fields are signed.
    assert {b"from", b"subject", b"to", b"list-unsubscribe", b"list-unsubscribe-post"} <= set(field.include_headers)
    for change in (
        data.replace(b"Subject: ", b"Subject: x", 1),
        b"Subject: another\r\n" + data,
        b"From: other@example.net\r\n" + data,
        b"Cc: other@example.net\r\n" + data,
        b"Reply-To: other@example.net\r\n" + data,
        data.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        data[:-40] + b"x" + data[-39:],
    ):
        assert change != data
        assert not holds(change, key)


def test_a_key_that_is_none_is_told(office: Office, tmp_path: Path) -> None:
    (tmp_path / "press.key").write_text("a key\n")
    people = ["ann@example.org,,en,,,"]
    for name, problem in (("press.key", "is no RSA key in PEM"), ("none.key", "cannot be read: No such file")):
        office.smtp(
            f"host: 127.0.0.1, port: {office.port}, security: none, sender: press@example.org, "
            f"dkim: {{domain: example.org, selector: s1, key: {tmp_path / name}}}"
        )
        done = office.send("--yes", people=people, code=1)
        assert problem in done.err[0]
        assert done.err[0].startswith("newsroom.yaml:")
