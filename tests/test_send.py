"""send, against a real SMTP server: who gets which message, what of it, and what the ledger says of it afterwards."""

from __future__ import annotations

import base64
import csv
import email
import os
import pty
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from communique import smtp
from communique.recipients import mailbox
from conftest import HEADER, ROOT, VALLEY, Office
from mailserver import MailServer, Taken, free_port

LONG = "대한민국 정책브리핑 문화체육관광부 국민소통실 디지털소통팀 김기자 주무관 부대변인실 보도자료 담당"
THREE = "2026-11-16-three-languages"
MESSAGE = f"output/press/{VALLEY}/{VALLEY}.{{}}.eml"


@pytest.fixture
def server(office: Office) -> Iterator[MailServer]:
    with MailServer(office.port) as running:
        yield running


def got(server: MailServer) -> dict[str, str]:
    """Return each recipient with the language of the message that the server took for them, each once."""
    assert len({taken.to for taken in server.taken}) == len(server.taken)
    return {taken.to: taken.message["Content-Language"] for taken in server.taken}


# --- who gets what ---


def test_each_gets_the_release_once_in_their_language(office: Office, server: MailServer) -> None:
    people = ["kim@example.org,김기자,ko,,,", "ann@example.org,Ann,en,,,", "luc@example.org,Luc,fr,,,"]
    done = office.send("--yes", people=people)
    assert got(server) == {"kim@example.org": "ko", "ann@example.org": "en", "luc@example.org": "fr"}
    assert done.out[0] == f"{VALLEY}, version 1: 3 messages"
    assert [line.split()[:2] for line in done.out[1:4]] == [["ko", "1"], ["en", "1"], ["fr", "1"]]
    assert done.out[-1] == "The server took 3 messages."
    assert office.ledger() == {
        "kim@example.org": (1, "accepted", "250 OK number 1"),
        "ann@example.org": (1, "accepted", "250 OK number 2"),
        "luc@example.org": (1, "accepted", "250 OK number 3"),
    }
    assert (done.err, server.connections) == ([], 1)


def test_a_second_send_goes_to_nobody_but_the_new(office: Office, server: MailServer) -> None:
    people = ["kim@example.org,,ko,,,", "ann@example.org,,en,,,"]
    office.send("--yes", people=people)
    done = office.send("--yes", people=[*people, "new@example.org,,en,,,"])
    assert len(server.taken) == 3
    assert "Recipients who have it already: 2" in done.out


def test_without_yes_it_is_only_shown(office: Office, server: MailServer) -> None:
    done = office.send(people=["kim@example.org,,ko,,,"])
    assert done.out[-1] == "Nothing was sent. --yes sends it."
    assert f"  ko  1  {subject(message(office, 'ko'))}" in done.out
    assert (server.taken, office.ledger()) == ([], {})


def raw(taken: Taken) -> Message:
    """Return a message as the older of the library's two parsers reads it; the newer mends and breaks headers."""
    return email.message_from_bytes(taken.data)


def subject(mail: Message) -> str:
    return " ".join(str(make_header(decode_header(mail["Subject"]))).split())


def message(office: Office, language: str) -> Message:
    return email.message_from_bytes((office.room.path / MESSAGE.format(language)).read_bytes())


@pytest.mark.parametrize(("typed", "sent"), [("1\n", 1), ("yes\n", 0), ("\n", 0), ("2\n", 0)])
def test_at_a_terminal_it_is_sent_when_the_number_is_typed(
    office: Office, server: MailServer, typed: str, sent: int
) -> None:
    office.room.write("journalists.csv", HEADER + "kim@example.org,,ko,,,\n")
    ours, its = pty.openpty()
    command = [sys.executable, str(ROOT / "build.py"), "send", VALLEY, "--list", "journalists.csv"]
    with subprocess.Popen(
        command, cwd=office.room.path, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        os.write(ours, typed.encode())
        out, err = run.communicate(timeout=60)
    os.close(ours), os.close(its)
    assert b"Type 1 to send 1 message: " in err
    assert (len(server.taken), run.returncode) == (sent, 0)
    assert (b"Nothing was sent" in out) == (not sent)


def test_a_language_that_is_held_back_is_not_sent_and_the_next_one_is(office: Office, server: MailServer) -> None:
    place = office.room.path / f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    place.unlink()
    office.build()
    people = ['luc@example.org,,"fr;en",,,', "lea@example.org,,fr,,,", "kim@example.org,,ko,,,"]
    done = office.send("--yes", people=people)
    assert got(server) == {"luc@example.org": "en", "kim@example.org": "ko"}
    told = [line for line in done.out if "lea@example.org" in line]
    assert [line.split(": ")[:3] for line in told] == [["  lea@example.org", "fr is held back", told[0].split(": ")[2]]]


def test_topics_are_held_against_tags(office: Office, server: MailServer) -> None:
    tags = re.search(r"^tags: \[(.*)\]", office.room.read(f"releases/{VALLEY}.yaml"), re.M)
    assert tags
    topic = tags[1].split(", ")[0]
    people = [f"a@example.org,,en,,{topic.upper()};sports,", "b@example.org,,en,,sports,", "c@example.org,,en,,,"]
    done = office.send("--yes", people=people)
    assert set(got(server)) == {"a@example.org", "c@example.org"}
    assert any(line.startswith("  b@example.org: wants sports; it is about ") for line in done.out)


def embargo(office: Office) -> None:
    text = office.room.read(f"releases/{VALLEY}.yaml")
    office.room.write(f"releases/{VALLEY}.yaml", text + "embargo: 2999-01-01T09:00\n")
    office.build()


def test_under_embargo_only_the_marked_get_it(office: Office, server: MailServer) -> None:
    embargo(office)
    done = office.send("--yes", people=["a@example.org,,en,,,yes", "b@example.org,,en,,,", "c@example.org,,en,,,no"])
    assert set(got(server)) == {"a@example.org"}
    assert done.out[0] == f"{VALLEY}, version 1, under embargo until 2999-01-01 09:00 KST: 1 message"
    assert "  b@example.org, c@example.org: under embargo, and not marked embargo: yes" in done.out


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("--only", "*@paper.example"), {"a@paper.example", "b@paper.example"}),
        (("--only", "a@*"), {"a@paper.example", "a@wire.example"}),
        (("--only", "THE WIRE"), {"a@wire.example"}),
        (("--exclude", "The *"), {"a@paper.example"}),
        (("--only", "a@*", "--exclude", "*wire*"), {"a@paper.example"}),
    ],
)
def test_filters_choose_by_address_and_outlet(
    office: Office, server: MailServer, filters: tuple[str, ...], expected: set[str]
) -> None:
    people = ["a@paper.example,,en,Paper,,", "b@paper.example,,en,The Paper,,", "a@wire.example,,en,The Wire,,"]
    done = office.send("--yes", *filters, people=people)
    assert set(got(server)) == expected
    assert f"Recipients left out by --only or --exclude: {3 - len(expected)}" in done.out


def test_rows_with_problems_are_told_and_the_others_are_sent(office: Office, server: MailServer) -> None:
    people = ['"a@example.org",\'=1,en,,,', '"b@example.org","B\nBcc: x@example.org",en,,,', "c@example.org,,en,,,"]
    done = office.send("--yes", people=[people[0].replace("'", ""), *people[1:]], code=1)
    assert set(got(server)) == {"c@example.org"}
    assert [line.partition(": ")[0] for line in done.err] == ["journalists.csv:2", "journalists.csv:3"]


def test_several_releases_go_to_one_list(office: Office, server: MailServer) -> None:
    office.send(VALLEY, THREE, "--yes", people=["a@example.org,,en,,,"])
    assert [taken.message["Message-ID"].partition(".v")[0] for taken in server.taken] == [f"<{VALLEY}", f"<{THREE}"]


# --- what is refused ---


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (("status: draft",), "is a draft, and is not sent; write status: ready when it is"),
        (("city: Elsewhere",), "is not built as it is now, and is not sent; run: python build.py build " + VALLEY),
        (("cities: Elsewhere",), "unknown key 'cities'"),
    ],
)
def test_what_is_not_in_order_is_not_sent(office: Office, server: MailServer, spoil: tuple[str], problem: str) -> None:
    path = f"releases/{VALLEY}.yaml"
    key = spoil[0].partition(":")[0]
    text = re.sub(rf"^{key}: .*\n", "", office.room.read(path), flags=re.M)
    office.room.write(path, text + spoil[0] + "\n")
    done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    assert any(line.startswith(f"{path}:") and problem in line for line in done.err), done.err
    assert server.taken == []


def test_a_message_that_was_edited_after_the_build_is_not_sent(office: Office, server: MailServer) -> None:
    place = office.room.path / MESSAGE.format("en")
    place.write_bytes(place.read_bytes().replace(b"Subject: ", b"Bcc: x@example.org\r\nSubject: "))
    done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    problem = "is not as it was built, and is not sent"
    assert done.err == [f"{MESSAGE.format('en')}: {problem}; run: python build.py build --force {VALLEY}"]
    assert server.taken == []


def test_a_template_that_changed_since_the_build_is_noticed(office: Office, server: MailServer) -> None:
    office.room.edit("newsroom.yaml", "short_name: MSS", "short_name: MSME")
    done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    assert any("is not built as it is now" in line or "is held back" in line for line in done.err)
    assert server.taken == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("send", VALLEY), "send needs --list FILE; or --to ADDRESS for a proof, or --correction, or --report"),
        (("send", VALLEY, "--list", "none.csv"), "--list none.csv cannot be read: No such file or directory"),
        (("send", VALLEY, "--to", "me"), "--to: an address is like name@example.org"),
        (("send", VALLEY, "--to", "me@example.org", "--correction"),
         "--to sends a proof to one address; it takes no --list and no --correction"),
        (("send", "2023", "--to", "me@example.org"), "there is no release '2023'"),
        (("send", VALLEY, "--csv", "--to", "me@example.org"), "--csv goes with --report"),
        (("send", VALLEY, "--unknown-arrived", "--correction"), "--unknown-arrived only notes; send afterwards"),
        (("forget", "me"), "'me' is no email address; an address is like name@example.org"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_told(office: Office, arguments: tuple[str, ...], message: str) -> None:
    done = office.room.run(*arguments)
    assert (done.code, done.err[0].split(";")[0]) == (2, f"communique: {message}".split(";")[0])


def test_a_newsroom_without_a_server_is_told(office: Office) -> None:
    text = office.room.read("newsroom.yaml")
    office.room.write("newsroom.yaml", re.sub(r"smtp: .*\n", "", text))
    office.build()
    done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    assert done.err[0].startswith("newsroom.yaml: there is no smtp; send needs it")


# --- the message ---


def test_a_copy_is_the_built_message_with_its_own_headers(office: Office, server: MailServer) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    office.send("--yes", people=["kim@example.org,김기자,ko,,,"])
    (taken,) = server.taken
    built = (office.room.path / MESSAGE.format("ko")).read_bytes()
    assert taken.data.partition(b"\r\n\r\n")[2] == built.partition(b"\r\n\r\n")[2]
    mail, original = taken.message, message(office, "ko")
    own = {"To", "Message-ID", "Date", "List-Unsubscribe", "List-Unsubscribe-Post", "In-Reply-To", "References"}
    common = [name for name in original if name not in {*own, "X-Unsent"}]
    assert [name for name in mail if name not in own] == common
    assert [str(make_header(decode_header(original[name]))) for name in ("Subject", "From")] == [
        str(mail[name]) for name in ("Subject", "From")
    ]
    assert str(mail["To"]) == "김기자 <kim@example.org>"
    assert re.fullmatch(rf"<{VALLEY}\.v1\.ko\.[0-9a-f]+@newsroom\.example\.org>", mail["Message-ID"])
    assert before < parsedate_to_datetime(mail["Date"]) < datetime.now(UTC) + timedelta(seconds=2)
    assert mail["List-Unsubscribe"] == "<mailto:press@example.org?subject=unsubscribe%20kim%40example.org>"
    assert "X-Unsent" not in mail and "List-Unsubscribe-Post" not in mail and "Bcc" not in mail
    assert taken.sender == "press@example.org"
    assert all(len(line) <= 998 for line in taken.data.split(b"\r\n"))


def test_nobody_sees_another_recipient(office: Office, server: MailServer) -> None:
    office.send("--yes", people=["a@example.org,,en,,,", "b@example.org,,en,,,"])
    for taken, other in zip(server.taken, ("b@example.org", "a@example.org"), strict=True):
        assert other.encode() not in taken.data


@pytest.mark.parametrize(
    "name",
    ['"Kim, ""K"" <x@example.org>"', "Kim; Lee:", "Zoë d’Arc", "김" * 60, "a\\b", "(c)", LONG, "Kim =?utf-8?q?x?="],
)
def test_a_name_is_only_ever_a_name(office: Office, server: MailServer, name: str) -> None:
    office.send("--yes", people=[f"kim@example.org,{name},en,,,"])
    shown, address = parseaddr(raw(server.taken[0])["To"])
    plain = name[1:-1].replace('""', '"') if name.startswith('"') else name
    assert (address, str(make_header(decode_header(shown)))) == ("kim@example.org", plain)


def test_one_click_unsubscribing_names_the_recipient(office: Office, server: MailServer) -> None:
    common = f"host: 127.0.0.1, port: {office.port}, security: none, sender: press@example.org"
    office.smtp(common + ', unsubscribe: "https://news.example.org/off?who={address}"')
    office.send("--yes", people=["a+b@example.org,,en,,,"])
    mail = server.taken[0].message
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.split(r",\s*", mail["List-Unsubscribe"]) == [
        "<https://news.example.org/off?who=a%2Bb%40example.org>",
        "<mailto:press@example.org?subject=unsubscribe%20a%2Bb%40example.org>",
    ]


def test_a_proof_is_marked_and_in_no_ledger(office: Office, server: MailServer) -> None:
    office.send("--to", "me@example.org", "--yes")
    assert [taken.to for taken in server.taken] == ["me@example.org"] * 3
    assert [taken.message["Content-Language"] for taken in server.taken] == ["ko", "en", "fr"]
    expected = ["[PROOF] " + subject(message(office, language)) for language in ("ko", "en", "fr")]
    assert [subject(raw(taken)) for taken in server.taken] == expected
    assert office.ledger() == {}
    office.send("--yes", people=["me@example.org,,en,,,"])
    assert not server.taken[3].message["Subject"].startswith("[PROOF]")
    assert len({taken.message["Message-ID"] for taken in server.taken}) == 4


# --- corrections ---


def correct(office: Office, note: str = "A figure was corrected.") -> None:
    text = office.room.read(f"releases/{VALLEY}.yaml")
    assert "corrections:" not in text
    office.room.write(f"releases/{VALLEY}.yaml", text + f"corrections:\n  - {{date: 2023-11-22, note: {note}}}\n")
    texts = {"ko": "수치를 바로잡았습니다.", "fr": "Un chiffre a été corrigé."}
    for language, text in texts.items():
        done = office.room.run("translate", VALLEY)
        path = f"locales/{language}/LC_MESSAGES/{VALLEY}.po"
        office.room.edit(path, f'msgid "{note}"\nmsgstr ""', f'msgid "{note}"\nmsgstr "{text}"')
        assert done.code == 0
    office.build()


def test_a_correction_goes_to_who_had_the_first_version_and_under_it(office: Office, server: MailServer) -> None:
    office.send(
        "--yes", people=["kim@example.org,김기자,ko,,,", "ann@example.org,Ann,en,,,", "luc@example.org,Luc,fr,,,"]
    )
    first = {taken.to: taken.message["Message-ID"] for taken in server.taken}
    server.taken.clear()
    assert office.send("--correction", code=1).err[0].split(": ")[1].startswith("has no correction to send")
    correct(office)
    held = office.send("--yes", people=["kim@example.org,김기자,ko,,,", "new@example.org,,en,,,"])
    assert set(got(server)) == {"new@example.org"}
    assert "  kim@example.org: had version 1; --correction sends them version 2" in held.out
    server.taken.clear()
    done = office.send("--correction", "--yes")
    assert got(server) == {"kim@example.org": "ko", "ann@example.org": "en", "luc@example.org": "fr"}
    for taken in server.taken:
        mail = taken.message
        assert mail["In-Reply-To"] == mail["References"] == first[taken.to]
        assert mail["Message-ID"] != first[taken.to] and ".v2." in mail["Message-ID"]
    assert done.out[0] == f"{VALLEY}, version 2: 3 messages"
    assert "Recipients who have it already: 1" in done.out
    assert "김기자 <kim@example.org>" in [str(taken.message["To"]) for taken in server.taken]
    office.send("--correction", "--yes")
    assert len(server.taken) == 3


def test_with_a_list_a_correction_goes_to_who_is_still_in_it(office: Office, server: MailServer) -> None:
    office.send("--yes", people=["kim@example.org,,ko,,,", "ann@example.org,,en,,,"])
    correct(office)
    server.taken.clear()
    done = office.send("--correction", "--yes", people=["ann@example.org,,fr,,,", "new@example.org,,en,,,"])
    assert got(server) == {"ann@example.org": "fr"}
    assert "  kim@example.org: no longer in the list" in done.out
    assert "Recipients who had no earlier version: 1" in done.out


def test_a_retraction_goes_to_who_had_the_release(office: Office, server: MailServer) -> None:
    people = ["kim@example.org,,ko,,,", "ann@example.org,,en,,,"]
    office.send("--yes", people=people)
    first = {taken.to: taken.message["Message-ID"] for taken in server.taken}
    server.taken.clear()
    path = f"releases/{VALLEY}.yaml"
    office.room.write(path, office.room.read(path) + "status: retracted\n")
    office.build()
    done = office.send("--yes", people=[*people, "new@example.org,,en,,,"], code=1)
    told = f"is retracted, and is not sent; send {VALLEY} --correction tells those who received it"
    assert (told in done.err[0], server.taken) == (True, [])
    assert "is retracted, and is not packed" in office.room.run("pack", VALLEY).err[0]
    done = office.send("--correction", "--yes")
    assert done.out[0] == f"{VALLEY}, retraction: 2 messages"
    assert got(server) == {"kim@example.org": "ko", "ann@example.org": "en"}
    for taken in server.taken:
        assert taken.message["In-Reply-To"] == first[taken.to] != taken.message["Message-ID"]
    assert subject(raw(server.taken[1] if server.taken[1].to[0] == "a" else server.taken[0])).startswith("[RETRACTED]")


# --- the server's answers ---


def test_what_the_server_puts_off_is_tried_again(office: Office, server: MailServer) -> None:
    puts_off = ["451 greylisted", "450 mailbox busy"]
    server.answer = lambda stage, address: (
        puts_off.pop() if stage == "rcpt" and address == "b@example.org" and puts_off else None
    )
    done = office.send("--yes", people=[f"{name}@example.org,,en,,," for name in "abc"])
    assert [taken.to[0] for taken in server.taken] == ["a", "c", "b"]
    assert done.err == [
        "communique: 1 to be sent yet (450 mailbox busy); again in 1 s",
        "communique: 1 to be sent yet (451 greylisted); again in 2 s",
    ]
    assert set(office.states().values()) == {"accepted"}


@pytest.mark.parametrize("stage", ["rcpt", "end"])
def test_what_the_server_refuses_is_recorded_and_the_others_are_sent(
    office: Office, server: MailServer, stage: str
) -> None:
    people = ["a@example.org,,en,,,", "b@example.org,,en,,,"]
    refused = iter([f"550 5.1.1 no such user at {stage}"])
    server.answer = lambda at, address: next(refused, None) if at == stage else None
    done = office.send("--yes", people=people, code=1)
    assert done.err == [f"a@example.org: refused: 550 5.1.1 no such user at {stage}; look at the address"]
    assert office.states() == {"a@example.org": "refused", "b@example.org": "accepted"}
    again = office.send("--yes", people=people)
    assert len(server.taken) == 1
    assert any("a@example.org: refused before: 550 5.1.1" in line for line in again.out)
    office.send("--yes", "--retry-refused", people=people)
    assert set(office.states().values()) == {"accepted"}


def test_a_sender_who_is_refused_stops_the_send(office: Office, server: MailServer) -> None:
    server.answer = lambda stage, address: "550 5.7.1 not your address" if stage == "mail" else None
    people = [f"{name}@example.org,,en,,," for name in "ab"]
    done = office.send("--yes", people=people, code=1)
    assert re.match(r"newsroom.yaml:\d+: smtp: it takes no mail from press@example.org: 550 5.7.1", done.err[-1])
    assert (server.tries["mail"], set(office.states().values())) == (1, {"planned"})


def test_a_server_that_refuses_everything_is_not_asked_five_hundred_times(office: Office, server: MailServer) -> None:
    server.answer = lambda stage, address: "554 looks like spam" if stage == "end" else None
    people = [f"r{n:02}@example.org,,en,,," for n in range(30)]
    done = office.send("--yes", people=people, code=1)
    told = "smtp: it refused the first 10 messages, and no more were tried: 554 looks like spam; ask who runs"
    assert told in done.err[0] or told in done.err[-1]
    assert (server.tries["rcpt"], Counter(office.states().values())) == (10, {"refused": 10, "planned": 20})
    server.answer = lambda stage, address: None
    office.send("--yes", "--retry-refused", people=people)
    assert Counter(office.states().values()) == {"accepted": 30}


def test_what_a_server_says_cannot_steer_a_terminal(office: Office, server: MailServer) -> None:
    server.answer = lambda stage, address: "550 no\x1b[2Jsuch\x07user" if stage == "rcpt" else None
    done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    assert done.err == ["a@example.org: refused: 550 no\ufffd[2Jsuch\ufffduser; look at the address"]


def test_patience_ends_and_the_next_send_goes_on(office: Office, server: MailServer) -> None:
    server.answer = lambda stage, address: "451 later" if stage == "end" and address[0] == "b" else None
    people = ["a@example.org,,en,,,", "b@example.org,,en,,,"]
    done = office.send("--yes", "--for", "2s", people=people, code=1)
    assert done.err[-1] == "b@example.org: not sent: 451 later; send again later: only what is left will go"
    assert office.states() == {"a@example.org": "accepted", "b@example.org": "planned"}
    server.answer = lambda stage, address: None
    office.send("--yes", people=people)
    assert [taken.to[0] for taken in server.taken] == ["a", "b"]


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_a_connection_that_goes_before_the_end_costs_nothing(office: Office, stage: str) -> None:
    people = [f"{name}@example.org,,en,,," for name in "abcd"]
    with MailServer(office.port, drop=stage, drops=2) as server:
        office.send("--yes", people=people)
    assert sorted(taken.to[0] for taken in server.taken) == ["a", "b", "c", "d"]
    assert set(office.states().values()) == {"accepted"}


def test_a_connection_that_goes_at_the_end_leaves_a_question(office: Office) -> None:
    people = [f"{name}@example.org,,en,,," for name in "abc"]
    with MailServer(office.port, drop="end") as server:
        done = office.send("--yes", people=people, code=1)
        assert [taken.to[0] for taken in server.taken] == ["a", "b", "c"]
        assert done.err == [
            "a@example.org: unknown whether it arrived: no answer to the whole message: connection unexpectedly "
            "closed; look into the server's log, then send again"
        ]
        assert office.states() == {"a@example.org": "unknown", "b@example.org": "accepted", "c@example.org": "accepted"}
        again = office.send("--yes", people=people)
        assert len(server.taken) == 3
        identifier = server.taken[0].message["Message-ID"]
        assert "Unknown from an earlier send (1), not sent again by itself:" in again.out
        assert any(line.startswith("  a@example.org: ") and line.endswith(identifier) for line in again.out)
        office.send("--yes", "--resend-unknown", people=people)
        assert [taken.to[0] for taken in server.taken] == ["a", "b", "c", "a"]
        assert server.taken[3].message["Message-ID"] == identifier
        assert set(office.states().values()) == {"accepted"}


def test_what_arrived_can_be_said_by_hand(office: Office) -> None:
    people = [f"{name}@example.org,,en,,," for name in "ab"]
    with MailServer(office.port, drop="end", drops=2) as server:
        office.send("--yes", people=people, code=1)
        done = office.send("--unknown-arrived", "--only", "a@*")
        assert done.out == [f"{VALLEY}: 1 message noted as arrived"]
        assert office.states() == {"a@example.org": "accepted", "b@example.org": "unknown"}
        office.send("--yes", "--resend-unknown", people=people)
        assert [taken.to[0] for taken in server.taken] == ["a", "b", "b"]


def test_at_a_terminal_the_unknown_is_asked_about(office: Office) -> None:
    people = ["a@example.org,,en,,,", "b@example.org,,en,,,"]
    with MailServer(office.port, drop="end", drops=2):
        office.send("--yes", people=people, code=1)
    command = [sys.executable, str(ROOT / "build.py"), "send", VALLEY, "--list", "journalists.csv"]
    ours, its = pty.openpty()
    run = subprocess.Popen(command, cwd=office.room.path, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with run:
        os.write(ours, b"a\n\n")
        _, err = run.communicate(timeout=60)
    os.close(ours)
    os.close(its)
    assert err.count(b"a: it arrived, Enter: leave it: ") == 2
    assert office.states() == {"a@example.org": "accepted", "b@example.org": "unknown"}


def test_a_slow_server_is_waited_for(office: Office) -> None:
    with MailServer(office.port, delay=2.0) as server:
        office.send("--yes", people=["a@example.org,,en,,,"])
    assert (len(server.taken), office.states()) == (1, {"a@example.org": "accepted"})


def test_a_server_that_takes_few_a_connection_is_asked_anew(office: Office, server: MailServer) -> None:
    count = iter(range(1000))
    server.answer = lambda stage, address: "421 enough for now" if stage == "mail" and next(count) % 3 == 2 else None
    start = time.monotonic()
    office.send("--yes", people=[f"r{n}@example.org,,en,,," for n in range(8)])
    assert sorted(taken.to for taken in server.taken) == [f"r{n}@example.org" for n in range(8)]
    assert server.connections > 4 and time.monotonic() - start < 20


def test_a_message_larger_than_the_server_takes_stays_planned(office: Office) -> None:
    with MailServer(office.port, size=20_000) as server:
        done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    assert re.match(r"a@example.org: not sent: the message has \d+ bytes, the server takes 20000;", done.err[0])
    assert (server.tries["mail"], office.states()) == (0, {"a@example.org": "planned"})


@pytest.mark.parametrize("offered", [True, False])
def test_letters_before_the_at_need_a_server_that_takes_them(office: Office, offered: bool) -> None:
    people = ["기자@한국.한국,김기자,ko,,,", "kim@한국.한국,,ko,,,"]
    with MailServer(office.port, utf8=offered) as server:
        done = office.send("--yes", people=people, code=0 if offered else 1)
    boxes = [taken.to for taken in server.taken]
    domain = "xn--3e0b707e.xn--3e0b707e"
    assert boxes == ([f"기자@{domain}"] if offered else []) + [f"kim@{domain}"]
    if offered:
        assert "SMTPUTF8" in server.taken[0].options
        assert f"<기자@{domain}>".encode() in server.taken[0].data
    else:
        assert "(SMTPUTF8)" in done.err[0]
    assert server.taken[-1].data.isascii() and "SMTPUTF8" not in server.taken[-1].options


@pytest.mark.parametrize("offered", [True, False])
def test_eight_bits_need_a_server_that_takes_them(offered: bool) -> None:
    port, sender = free_port(), mailbox("press@example.org")
    with MailServer(port, eightbit=offered, utf8=offered) as server:
        line = smtp.Connection(smtp.Account("127.0.0.1", port, "none"))
        try:
            line.send(sender, mailbox("a@example.org"), b"Subject: x\r\n\r\n", b"plain\r\n", int, is_7bit=True)
            send = partial(line.send, sender, mailbox("b@example.org"), b"Subject: x\r\n\r\n", "é\r\n".encode(), int)
            if offered:
                send(is_7bit=False)
            else:
                with pytest.raises(smtp.UnfitError, match="7-bit messages only"):
                    send(is_7bit=False)
        finally:
            line.quit()
    assert ["BODY=8BITMIME" in taken.options for taken in server.taken] == ([False, True] if offered else [False])


def test_a_server_that_never_answers_leaves_a_question(office: Office) -> None:
    office.room.write("journalists.csv", HEADER + "a@example.org,,en,,,\nb@example.org,,en,,,\n")
    words = ["send", VALLEY, "--list", "journalists.csv", "--yes"]
    code = f"from communique import cli, smtp; smtp.TAKING = 1; raise SystemExit(cli.main({words}))"
    with MailServer(office.port, delay=3) as server:
        server.answer = lambda stage, address: setattr(server, "delay", 0) if address[0] == "b" else None
        run = subprocess.run([sys.executable, "-c", code], cwd=office.room.path, capture_output=True, check=False)
    assert run.returncode == 1
    assert b"unknown whether it arrived: no answer to the whole message: the server does not answer" in run.stderr
    assert office.states() == {"a@example.org": "unknown", "b@example.org": "accepted"}


def test_the_rate_is_kept(office: Office, server: MailServer) -> None:
    start = time.monotonic()
    office.send("--yes", "--rate", "60", people=[f"{name}@example.org,,en,,," for name in "abc"])
    assert time.monotonic() - start > 2
    assert len(server.taken) == 3


# --- the way to the server ---


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a certificate authority of our own, and what it signed for localhost."""
    folder = tmp_path_factory.mktemp("authority")
    now = datetime.now(UTC)

    def make(
        name: str, issuer: tuple[x509.Certificate, rsa.RSAPrivateKey] | None
    ) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer[0].subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        )
        if issuer:
            names = x509.SubjectAlternativeName([x509.DNSName(name)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key

    root = make("The tests' authority", None)
    (folder / "ca.pem").write_bytes(root[0].public_bytes(serialization.Encoding.PEM))
    for name in ("localhost", "elsewhere.example"):
        certificate, key = make(name, root)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return folder


def context(authority: Path, name: str = "localhost") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(authority / f"{name}.pem")
    return made


SECRET = "correct horse battery"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_over_tls_with_a_password_of_the_environment(office: Office, authority: Path, security: str) -> None:
    office.smtp(f"host: localhost, port: {office.port}, security: {security}, username: press, sender: p@example.org")
    trusted, implicit = str(authority / "ca.pem"), security == "tls"
    people = ["a@example.org,,en,,,"]
    login = ("press", SECRET)
    with MailServer(office.port, tls=context(authority), implicit=implicit, login=login) as server:
        none = office.send("--yes", people=people, code=1, SSL_CERT_FILE=trusted)
        assert (
            "there is no password for press at localhost; put it into the environment as COMMUNIQUE_SMTP_PASSWORD"
            in (none.err[0])
        )
        wrong = office.send("--yes", people=people, code=1, SSL_CERT_FILE=trusted, COMMUNIQUE_SMTP_PASSWORD="guess")
        assert wrong.err[0].partition(" ")[2].startswith("smtp: localhost does not let press in: 535")
        strange = office.send("--yes", people=people, code=1, COMMUNIQUE_SMTP_PASSWORD=SECRET)
        assert strange.err[0].partition(" ")[2].startswith("smtp: the certificate of localhost is not to be trusted: ")
        assert server.taken == []
        good = office.send("--yes", people=people, SSL_CERT_FILE=trusted, COMMUNIQUE_SMTP_PASSWORD=SECRET)
    assert [taken.to for taken in server.taken] == ["a@example.org"]
    told = "\n".join([*good.out, *good.err, *wrong.err, *strange.err])
    coded = [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"\0press\0{SECRET}".encode()).decode(),
    ]
    kept = b"".join(place.read_bytes() for place in office.room.path.rglob("*") if place.is_file())
    assert not any(secret in told or secret.encode() in kept for secret in coded)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_of_the_keyring(office: Office, tmp_path: Path) -> None:
    office.smtp(f"host: 127.0.0.1, port: {office.port}, security: none, username: press, sender: p@example.org")
    (tmp_path / "ring.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Ring(KeyringBackend):\n"
        "    priority = 1\n"
        f"    def get_password(self, service, username): return {{('communique', 'press@127.0.0.1'): '{SECRET}'}}.get("
        "(service, username))\n"
        "    def set_password(self, *_): raise NotImplementedError\n"
    )
    ring = {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": str(tmp_path)}
    with MailServer(office.port, login=("press", SECRET), plain=True) as server:
        office.send("--yes", people=["a@example.org,,en,,,"], **ring)
    assert len(server.taken) == 1


def test_a_certificate_of_another_name_is_not_trusted(office: Office, authority: Path) -> None:
    office.smtp(f"host: localhost, port: {office.port}, security: starttls, sender: p@example.org")
    with MailServer(office.port, tls=context(authority, "elsewhere.example")) as server:
        done = office.send("--yes", people=["a@example.org,,en,,,"], code=1, SSL_CERT_FILE=str(authority / "ca.pem"))
    assert "is not to be trusted: Hostname mismatch" in done.err[0]
    assert server.taken == []


def test_without_starttls_nothing_goes_in_the_clear(office: Office) -> None:
    office.smtp(f"host: localhost, port: {office.port}, security: starttls, username: press, sender: p@example.org")
    with MailServer(office.port) as server:
        done = office.send("--yes", people=["a@example.org,,en,,,"], code=1, COMMUNIQUE_SMTP_PASSWORD=SECRET)
    assert done.err[0].partition(" ")[2].startswith(f"smtp: localhost:{office.port} does not offer STARTTLS")
    assert (server.taken, server.tries["mail"]) == ([], 0)


def test_security_none_is_for_this_machine(office: Office) -> None:
    office.smtp("host: mail.example.org, port: 25, security: none, sender: p@example.org")
    done = office.send("--yes", people=["a@example.org,,en,,,"], code=1)
    assert re.match(r"newsroom.yaml:\d+: mail to mail.example.org would go in the clear; write security:", done.err[0])


# --- ledger, report, forget ---


def test_the_ledger_says_in_flight_before_the_server_can_take_a_message(office: Office, server: MailServer) -> None:
    seen: list[list[tuple[str, str]]] = []

    def look(stage: str, _: str) -> None:
        if stage == "end":
            with closing(sqlite3.connect(office.room.path / "sent/ledger.sqlite")) as book:
                seen.append(book.execute("SELECT substr(recipient, 1, 1), state FROM delivery ORDER BY 1").fetchall())

    server.answer = look
    office.send("--yes", people=[f"{name}@example.org,,en,,," for name in "abc"])
    assert seen == [
        [("a", "in flight"), ("b", "planned"), ("c", "planned")],
        [("a", "accepted"), ("b", "in flight"), ("c", "planned")],
        [("a", "accepted"), ("b", "accepted"), ("c", "in flight")],
    ]


def test_two_sends_at_once_are_one_too_many(office: Office) -> None:
    with MailServer(office.port, delay=3.0) as server:
        office.room.write("journalists.csv", HEADER + "a@example.org,,en,,,\n")
        command = [sys.executable, str(ROOT / "build.py"), "send", VALLEY, "--list", "journalists.csv", "--yes"]
        with subprocess.Popen(command, cwd=office.room.path, stdout=subprocess.DEVNULL) as first:
            while not server.tries["rcpt"]:
                time.sleep(0.05)
            second = office.send("--yes", people=["b@example.org,,en,,,"], code=1)
            report = office.send("--report")
        assert second.err[0].endswith("another send is at work here; wait until it has ended")
        assert first.returncode == 0
        assert [taken.to for taken in server.taken] == ["a@example.org"]
        assert "In flight:" in report.out or "Planned:" in report.out


def test_a_report_is_a_table_and_csv(office: Office, server: MailServer) -> None:
    server.answer = lambda stage, address: "550 =cmd" if stage == "rcpt" and address[0] == "b" else None
    office.send("--yes", people=['a@example.org,"A, B",en,Paper,,', "b@example.org,,fr,,,"], code=1)
    table = office.send("--report").out
    assert [line.split() for line in table[2:4]] == [
        ["1", "en", "0", "0", "1", "0", "0"],
        ["1", "fr", "0", "0", "0", "1", "0"],
    ]
    assert table[4:] == ["Refused:", "  b@example.org: 550 =cmd"]
    rows = list(csv.DictReader(office.send("--report", "--csv").out))
    assert [(r["address"], r["name"], r["outlet"], r["language"], r["state"], r["words"]) for r in rows] == [
        ("a@example.org", "A, B", "Paper", "en", "accepted", "250 OK number 1"),
        ("b@example.org", "", "", "fr", "refused", "550 =cmd"),
    ]


def test_the_ledger_comes_back_from_its_backup(office: Office, server: MailServer) -> None:
    people = ["a@example.org,,en,,,", "b@example.org,,en,,,"]
    office.send("--yes", people=people)
    before = office.ledger()
    for place in (office.room.path / "sent").glob("ledger.sqlite*"):
        place.unlink()
    done = office.send("--yes", people=people)
    assert "Recipients who have it already: 2" in done.out
    assert (len(server.taken), office.ledger()) == (2, before)


def test_a_damaged_ledger_stops_everything(office: Office, server: MailServer) -> None:
    people = ["a@example.org,,en,,,"]
    office.send("--yes", people=people)
    (office.room.path / "sent/ledger.sqlite").write_bytes(b"not a database, for a hundred bytes and more " * 9)
    done = office.send("--yes", people=people, code=1)
    assert "move it away: it is made anew from ledger.jsonl" in done.err[0]
    assert len(server.taken) == 1


def test_output_can_be_thrown_away_without_the_ledger(office: Office, server: MailServer) -> None:
    office.send("--yes", people=["a@example.org,,en,,,"])
    shutil.rmtree(office.room.path / "output")
    office.build()
    office.send("--yes", people=["a@example.org,,en,,,"])
    assert len(server.taken) == 1


def test_a_person_is_forgotten_and_still_counts(office: Office, server: MailServer) -> None:
    people = ["kim@example.org,김기자,ko,한국일보,,", "ann@example.org,Ann,en,,,"]
    office.send("--yes", people=people)
    other = office.room.path / "elsewhere.csv"
    other.write_bytes((HEADER + "KIM@example.org,김기자,ko,,,\nb@example.org,똠,ko,,,\n").encode("cp949"))
    done = office.room.run("forget", "Kim@example.org")
    assert (done.code, done.err) == (0, [])
    assert office.room.read("journalists.csv") == HEADER + "ann@example.org,Ann,en,,,\n"
    assert other.read_bytes() == (HEADER + "b@example.org,똠,ko,,,\n").encode("cp949")
    assert sorted(office.states().values()) == ["accepted", "accepted"]
    sent = [place for place in (office.room.path / "sent").iterdir() if place.is_file()]
    kept = b"".join(place.read_bytes() for place in sent)
    assert b"kim@" not in kept.lower() and "김기자".encode() not in kept and "한국일보".encode() not in kept
    identifier = server.taken[0].message["Message-ID"].encode()
    assert identifier not in kept and b"ann@example.org" in kept
    assert [line.split() for line in office.send("--report").out[2:4]][1][:5] == ["1", "ko", "0", "0", "1"]
    # Without the database, too.
    for place in (office.room.path / "sent").glob("ledger.sqlite*"):
        place.unlink()
    assert [line.split() for line in office.send("--report").out[2:4]][1][:5] == ["1", "ko", "0", "0", "1"]


@pytest.mark.usefixtures("server")
def test_a_list_outside_is_remembered_for_forgetting(office: Office, tmp_path: Path) -> None:
    outside = tmp_path / "lists/all.csv"
    outside.parent.mkdir()
    outside.write_text(HEADER + "a@example.org,,en,,,\nb@example.org,,en,,,\n")
    outside.chmod(0o640)
    office.send("--list", str(outside), "--yes")
    office.room.run("forget", "a@example.org")
    assert outside.read_text() == HEADER + "b@example.org,,en,,,\n"
    assert outside.stat().st_mode & 0o777 == 0o640
    assert [place.name for place in outside.parent.iterdir()] == ["all.csv"]


# --- speed ---


#: A server that only takes: aiosmtpd reads line by line, and would be what is measured.
SINK = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    line, _ = server.accept()
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(b"220 sink\\r\\n")
    got, data = b"", False
    while more := line.recv(1 << 20):
        got = (got[-8:] if data else got) + more
        if not got.endswith(b"\\r\\n.\\r\\n" if data else b"\\r\\n"):
            continue
        data = not data and got[:4].upper() == b"DATA"
        line.sendall(b"354 go on\\r\\n" if data else b"250 OK\\r\\n")
        got = b""
"""


@pytest.mark.slow
def test_five_hundred_go_at_a_hundred_a_second_in_flat_memory(office: Office) -> None:
    def measure(number: int) -> tuple[float, int]:
        """Return the seconds and the memory (KB) that a send to so many takes."""
        shutil.rmtree(office.room.path / "sent", ignore_errors=True)
        rows = "".join(f"r{n}@example.org,,{('ko', 'en', 'fr')[n % 3]},,,\n" for n in range(number))
        office.room.write("journalists.csv", HEADER + rows)
        code = (
            "import resource, time; from communique import cli; t = time.time();"
            f"assert cli.main(['send', '{VALLEY}', '--list', 'journalists.csv', '--yes', '-q']) == 0;"
            "print(time.time() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=office.room.path, capture_output=True, text=True, check=True
        )
        seconds, peak = run.stdout.split()
        return float(seconds), int(peak)

    sink = subprocess.Popen([sys.executable, "-c", SINK, str(office.port)], stdout=subprocess.PIPE)
    with sink:
        try:
            assert sink.stdout
            assert sink.stdout.readline() == b"ready\n"
            rates = []
            # What else the machine and its disk do only ever makes it slower.
            while not rates or (max(rates) <= 100 and len(rates) < 3):
                few, many = measure(20), measure(500)
                rates.append(480 / (many[0] - few[0]))
        finally:
            sink.kill()
    assert max(rates) > 100, f"{rates} messages a second"
    assert many[1] - few[1] < 5_000, "KB"


@pytest.mark.slow
def test_ten_thousand_rows_are_planned_in_seconds(office: Office) -> None:
    people = (f"r{n}@paper{n % 700}.example,기자 {n},ko;en,신문 {n % 700},sports,yes" for n in range(9_990))
    start = time.monotonic()
    done = office.send(people=[*people, *(f"x{n}@example.org,,en,,,".replace("x9", "x0") for n in range(10))], code=1)
    assert time.monotonic() - start < 15
    assert done.out[0] == f"{VALLEY}, version 1: 9 messages"
    assert len(done.out) < 12
    assert done.err == [
        "journalists.csv:10001: x0@example.org is twice in the list; first in journalists.csv:9992; delete one"
    ]


# --- what does not belong in it ---


def test_a_headline_cannot_add_a_header(office: Office, server: MailServer) -> None:
    path = f"releases/{VALLEY}.yaml"
    text = office.room.read(path)
    office.room.write(
        path, re.sub(r"^title: .*\n", 'title: "A headline\\\\r\\\\nBcc: x@example.org"\n', text, flags=re.M)
    )
    office.room.run("-q")
    office.send("--yes", people=["a@example.org,,en,,,"])
    (taken,) = server.taken
    assert taken.message["Bcc"] is None
    assert taken.message["Subject"].endswith("A headline Bcc: x@example.org")


def test_a_build_loads_nothing_of_sending(office: Office) -> None:
    names = ("accounts", "copies", "delivery", "dispatch", "ledger", "mailing", "outbox", "recipients", "smtp")
    loaded = {f"communique.{name}" for name in names} | {"smtplib", "dkim", "idna", "keyring"}
    code = f"import sys; from communique import cli; cli.main(['--force', '-q']); print({loaded} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=office.room.path, capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
