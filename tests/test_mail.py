"""The mail holds wherever it is read: its headers, its parts, and what it says first. Two other programs read it."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import hashlib
import json
import re
import shutil
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cache
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import node_tools
from communique import inventory, mail, source
from communique.errors import Problems
from communique.letters import width
from communique.localize import LocalizedRelease, localize
from communique.model import Newsroom, Release
from communique.plan import Edition, State
from communique.reader import Reader, on_disk
from conftest import ROOT, SMALL, Room, copy, needs
from structure import outline

LANGUAGES = ("ko", "en", "fr")
STATES = ("plain", "embargoed", "draft", "retracted", "corrected")
SOME = {
    "ko": ("새 지원 사업을 시작한다", "중소기업 지원 사업을 오늘 시작했다.", "바로잡은 내용"),
    "en": ("A new programme starts", "The programme for small firms starts today.", "What was put right"),
    "fr": ("Un nouveau programme commence", "Le programme pour les PME commence aujourd’hui.", "Ce qui a été rectifié"),
}
CONTACT = """
  division:
    name: Press desk
    email: desk@example.org
    bureau: Bureau of Examples
    division: Division of Tests
    head: {name: Name One, role: Director, phone: "044-000-0001"}
    officers:
      - {name: Name Two, role: Officer, phone: "044-000-0002"}
"""
BODY = """First words with [a link](https://example.org/a) and a picture: ![A map of nothing](map.png)

[![A second map](map.png) and words](https://example.org/b)

## A part with a heading

| A | Second column | Third column | Fourth column | Fifth column | Sixth column | Seventh column |
|---|---|---|---|---|---|---|
| 1 | 20,000 | three hundred | four | five | six | seven hundred thousand |

https://example.org/{long}

> Said somebody.[^1]

1. One
2. Two
    - Deep

```
code that is rather long and goes on and on and on, further than any narrow screen would have it
```

[^1]: A note.
"""
HEADLINE = "가나다라마바 " * 25 + "가나다라마"  # 180 letters


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """One release in each state and language, named after both, and one with a headline of 180 letters."""
    room = copy(ROOT, tmp_path_factory.mktemp("mails"))
    for place in (room.path / "releases").iterdir():
        if place.is_file():
            place.unlink()
    room.edit("newsroom.yaml", "accent:", f"{CONTACT.strip(chr(10))}\naccent:")
    room.edit("newsroom.yaml", "newsroom.example.org/", "뉴스룸.example.org/")
    more = {
        "plain": "",
        "embargoed": "embargo: 2026-11-20T09:00+09:00",
        "draft": "status: draft",
        "retracted": "status: retracted",
        "corrected": "corrections: [{date: 2026-11-17, note: %s}, {date: 2026-11-18T10:30, note: %s}]",
    }
    for state, language in product(STATES, LANGUAGES):
        title, summary, note = SOME[language]
        lines = [
            f"title: {title}",
            "date: 2026-11-16T09:00",
            f"source_language: {language}",
            f"languages: [{language}]",
            f"summary: {summary}",
            "city: Sejong",
            "contacts: [foreign-media, division]",
            f"highlights: [{summary}, {title}]",
            "images: [{file: map.png, alt: A map of nothing, caption: A map}]",
            "attachments: [{file: data.csv, title: Some data}]",
            more[state].replace("%s", note),
        ]
        id_ = f"{state}-{language}"
        room.write(f"releases/{id_}.yaml", "\n".join(lines) + "\n")
        room.write(f"releases/{id_}.md", BODY.replace("{long}", "x" * 150))
        picture(room.path / f"releases/{id_}/map.png")
        room.write(f"releases/{id_}/data.csv", "a,b\n")
    head = (
        f"title: {HEADLINE}\ndate: 2026-11-16\nsource_language: ko\nlanguages: [ko]\nembargo: 2026-11-20T09:00+09:00\n"
    )
    room.write("releases/long-ko.yaml", f"{head}body: 본문이다.\n")
    # What is not translated into a language is not what these tests are about: drafts of newsroom.yaml's words do.
    for language in ("ko", "fr"):
        path = f"locales/{language}/LC_MESSAGES/newsroom.po"
        entries = "".join(
            f'msgid "{text}"\nmsgstr "{text}"\n\n'
            for text in ("Press desk", "Bureau of Examples", "Division of Tests", "Name One", "Director", "Name Two")
        )
        room.write(path, f'{room.read(path)}\n{entries}msgid "Officer"\nmsgstr "Officer"\n')
    done = room.run("--drafts", "--quiet", "--now", "2026-11-19T12:00")
    assert (done.code, done.err) == (0, [])
    return room


def picture(path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (40, 30), "navy").save(path)


def place(room: Room, id_: str, kind: str) -> Path:
    language = id_[-2:]
    return room.path / f"output/press/{id_}/{id_}.{language}.{kind}"


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


IDS = [f"{state}-{language}" for state, language in product(STATES, LANGUAGES)]
HOST = "xn--vg1bp7jh2i.example.org"

# --- what it says first ---

FIRST = {
    "embargoed": {
        "ko": "엠바고: 2026. 11. 20.(금) 09:00 이후 보도",
        "en": "Embargoed until 09:00 KST, November 20, 2026",
        "fr": "Sous embargo jusqu’au 20\u00a0novembre 2026 à 9\u00a0h (heure de Séoul)",
    },
    "draft": {"ko": "초안 – 배포 금지", "en": "DRAFT – not for publication", "fr": "PROJET – ne pas diffuser"},
    "retracted": {
        "ko": "이 보도자료는 철회되었습니다.",
        "en": "This press release has been retracted.",
        "fr": "Ce communiqué de presse a été retiré.",
    },
    "corrected": {"ko": "정정: 제3판", "en": "Corrected: version 3", "fr": "Rectificatif\u00a0: version 3"},
}
SUBJECTS = {
    "plain-ko": "[보도자료] 새 지원 사업을 시작한다",
    "plain-en": "[Press release] A new programme starts",
    "plain-fr": "[Communiqué de presse] Un nouveau programme commence",
    "embargoed-ko": "[엠바고 2026. 11. 20.(금) 09:00] [보도자료] 새 지원 사업을 시작한다",
    "embargoed-en": "[EMBARGOED until 09:00 KST, November 20, 2026] [Press release] A new programme starts",
    "embargoed-fr": "[SOUS EMBARGO jusqu’au 20\u00a0novembre 2026 à 9\u00a0h (heure de Séoul)] [Communiqué de presse] "
    "Un nouveau programme commence",
    "draft-ko": "[초안] [보도자료] 새 지원 사업을 시작한다",
    "draft-en": "[DRAFT] [Press release] A new programme starts",
    "draft-fr": "[PROJET] [Communiqué de presse] Un nouveau programme commence",
    "retracted-ko": "[철회] [보도자료] 새 지원 사업을 시작한다",
    "retracted-en": "[RETRACTED] [Press release] A new programme starts",
    "retracted-fr": "[RETIRÉ] [Communiqué de presse] Un nouveau programme commence",
    "corrected-ko": "[정정] [보도자료] 새 지원 사업을 시작한다",
    "corrected-en": "[CORRECTED] [Press release] A new programme starts",
    "corrected-fr": "[RECTIFICATIF] [Communiqué de presse] Un nouveau programme commence",
}


@pytest.mark.parametrize(("state", "language"), list(product(FIRST, LANGUAGES)))
def test_a_mail_that_is_not_plain_news_says_so_before_all_else(mails: Room, state: str, language: str) -> None:
    text = place(mails, f"{state}-{language}", "txt").read_text("utf-8")
    assert text.split("\n")[0] == FIRST[state][language]
    html = place(mails, f"{state}-{language}", "html").read_text("utf-8")
    shown = re.sub(r"<!--.*?-->|<[^>]+>", " ", unescape(html[html.index('<div class="outer"') :]), flags=re.DOTALL)
    assert shown.split()[: len(FIRST[state][language].split())] == FIRST[state][language].split()


def test_subjects_say_first_what_a_mail_is(mails: Room) -> None:
    assert {id_: parsed(place(mails, id_, "eml").read_bytes())["Subject"] for id_ in IDS} == SUBJECTS


def test_a_corrected_mail_tells_each_correction_above_the_headline(mails: Room) -> None:
    for kind in ("txt", "html"):
        text = place(mails, "corrected-en", kind).read_text("utf-8")
        assert text.index("November 17, 2026: What was put right") < text.index("November 18, 2026: What was put right")
        assert text.index("November 18, 2026") < text.rindex("A new programme starts")


def test_the_embargo_stands_before_all_else_that_a_mail_says_first(room: Room) -> None:
    release = "title: Much at once\ndate: 2026-03-02\nlanguages: [en]\nembargo: 2026-03-05T09:00\nstatus: {}\n"
    corrected = release + "corrections: [{{date: 2026-03-03, note: A number was put right.}}]\nbody: Text.\n"
    expected = {
        "draft": (
            "[EMBARGOED until 09:00 CET, March 5, 2026] [DRAFT] [CORRECTED] [Press release] Much at once",
            ["Embargoed until 09:00 CET, March 5, 2026", "DRAFT – not for publication", "Corrected: version 2"],
        ),
        "retracted": (
            "[EMBARGOED until 09:00 CET, March 5, 2026] [RETRACTED] [Press release] Much at once",
            ["Embargoed until 09:00 CET, March 5, 2026", "This press release has been retracted."],
        ),
    }
    for status, (subject, first) in expected.items():
        room.write("releases/much.yaml", corrected.format(status))
        assert room.run("much", "--drafts", "--quiet", "--now", "2026-03-04T12:00").code == 0
        assert parsed((room.path / "output/press/much/much.en.eml").read_bytes())["Subject"] == subject
        text = (room.path / "output/press/much/much.en.txt").read_text("utf-8")
        assert [line for line in text.split("\n") if line][: len(first)] == first
        assert text.index("A number was put right.") < text.index("Office of Examples")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_retracted_release_leaves_a_notice_without_its_text_and_files(mails: Room, language: str) -> None:
    id_ = f"retracted-{language}"
    message = parsed(place(mails, id_, "eml").read_bytes())
    assert [part.get_content_type() for part in message.iter_attachments()] == []
    for kind in ("txt", "html"):
        text = place(mails, id_, kind).read_text("utf-8")
        assert SOME[language][0] in text
        assert "desk@example.org" in text
        assert [word for word in (SOME[language][1], "First words", "map.png", ".pdf") if word in text] == []
    pdf = outline(place(mails, id_, "pdf"))
    assert SOME[language][0] in pdf
    assert [word for word in (SOME[language][1], "First words") if word in pdf] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_under_embargo_no_address_is_shown_as_open(mails: Room, language: str) -> None:
    told = {"ko": "공개된 뒤", "en": "once the release is public", "fr": "dès que le communiqué"}[language]
    for state, shown in {"embargoed": True, "draft": True, "plain": False, "corrected": False}.items():
        text = " ".join(place(mails, f"{state}-{language}", "txt").read_text("utf-8").split())
        assert (told in text) == shown
        assert (f"/{language}/{state}-{language}/\n" in place(mails, f"{state}-{language}", "txt").read_text()) != shown


# --- the text part ---


@pytest.mark.parametrize("id_", [*IDS, "long-ko"])
def test_the_text_is_72_columns_wide_but_for_what_cannot_be_broken(mails: Room, id_: str) -> None:
    lines = place(mails, id_, "txt").read_text("utf-8").splitlines()
    wide = [line for line in lines if width(line) > 72]
    assert [line for line in wide if "https://" not in line and "code that" not in line] == []
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("id_", ["plain-en", "embargoed-ko", "corrected-fr", "retracted-en"])
def test_a_text_reads_as_a_press_officer_would_have_typed_it(mails: Room, id_: str) -> None:
    state, language = id_.split("-")
    typed = (ROOT / f"tests/mails/{state}.{language}.txt").read_text("utf-8")
    assert place(mails, id_, "txt").read_text("utf-8").replace("x" * 150, "xxx") == typed


# --- headers and parts ---


@pytest.mark.parametrize("id_", [*IDS, "long-ko"])
def test_a_message_is_ascii_in_short_lines_and_the_same_to_two_parsers(mails: Room, id_: str) -> None:
    data = place(mails, id_, "eml").read_bytes()
    assert data.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    assert max(map(len, data.split(b"\r\n"))) <= 78
    message, other = parsed(data), others(mails)[id_]
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert text.replace("\r\n", "\n") == place(mails, id_, "txt").read_text("utf-8") == other["text"]
    assert squeezed(html) == squeezed(place(mails, id_, "html").read_text("utf-8")) == squeezed(other["html"])
    assert message["Subject"] == other["subject"]
    assert message["Message-ID"] == other["id"]
    assert [name.lower() for name in message.keys()] == other["names"]  # noqa: SIM118
    files = [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
    assert [(name, hashlib.md5(content).hexdigest()) for name, content in files] == [
        (file["name"], file["md5"]) for file in other["files"]
    ]
    for name, content in files:
        assert name == f"{id_}.{id_[-2:]}.pdf"
        assert content == place(mails, id_, "pdf").read_bytes()


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@cache
def others(room: Room) -> dict[str, dict[str, Any]]:
    """Return what Nodemailer's parser makes of the messages."""
    ids = [*IDS, "long-ko"]
    try:
        told = json.loads(node_tools.run("read.mjs", *(str(place(room, id_, "eml")) for id_ in ids)))
    except node_tools.MissingError as missing:
        pytest.skip(str(missing))
    return dict(zip(ids, told, strict=True))


def test_headers_say_who_what_when_and_in_which_language(mails: Room) -> None:
    message = parsed(place(mails, "corrected-fr", "eml").read_bytes())
    assert {name: str(value) for name, value in message.items() if name not in ("Subject", "Content-Type")} == {
        "MIME-Version": "1.0",
        "From": "Ministère des PME et des Startups <press@example.org>",
        "Reply-To": "Rachel Minjo Chun <press@example.org>",
        "Date": "Wed, 18 Nov 2026 10:30:00 +0900",
        "Message-ID": f"<corrected-fr.v3.fr@{HOST}>",
        "In-Reply-To": f"<corrected-fr.v1.fr@{HOST}>",
        "References": f"<corrected-fr.v1.fr@{HOST}> <corrected-fr.v2.fr@{HOST}>",
        "Content-Language": "fr",
        "Auto-Submitted": "no",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "X-Unsent": "1",
    }
    first = parsed(place(mails, "plain-fr", "eml").read_bytes())
    assert [first["In-Reply-To"], first["References"]] == [None, None]
    retracted = parsed(place(mails, "retracted-fr", "eml").read_bytes())
    assert [retracted["Message-ID"], retracted["In-Reply-To"]] == [f"<retracted-fr.v{n}.fr@{HOST}>" for n in (2, 1)]


def test_the_attachment_has_a_name_that_needs_no_rfc_2231(mails: Room) -> None:
    data = place(mails, "plain-ko", "eml").read_bytes().decode("ascii")
    assert 'Content-Type: application/pdf; name="plain-ko.ko.pdf"\r\n' in data
    assert 'Content-Disposition: attachment; filename="plain-ko.ko.pdf"\r\n' in data


def test_each_part_travels_in_its_shorter_encoding(mails: Room) -> None:
    encodings = {
        id_: [p["Content-Transfer-Encoding"] for p in parsed(place(mails, id_, "eml").read_bytes()).walk()][2:4]
        for id_ in ("plain-en", "long-ko")
    }
    assert encodings == {"plain-en": ["quoted-printable"] * 2, "long-ko": ["base64"] * 2}


def test_a_korean_headline_of_180_letters_is_folded_between_letters(mails: Room) -> None:
    data = place(mails, "long-ko", "eml").read_bytes().decode("ascii")
    assert len(HEADLINE) == 180
    folded = re.search(r"^Subject: ([^\r]*(?:\r\n [^\r]*)*)", data, flags=re.MULTILINE)
    assert folded
    words = folded[1].split("\r\n ")
    assert max(map(len, words)) <= 75
    letters = "".join(decode_header(word)[0][0].decode("utf-8") for word in words)
    assert letters == f"[엠바고 2026. 11. 20.(금) 09:00] [보도자료] {HEADLINE}"


def test_newlines_in_texts_begin_no_headers(room: Room) -> None:
    evil = r"\r\nBcc: victim@example.org\r\n\r\n<b>x</b>"
    room.edit("newsroom.yaml", "name: Office of Examples", f'name: "Office{evil}"')
    room.edit("newsroom.yaml", "name: Press desk", f'name: "Desk{evil}"')
    room.edit("releases/good.yaml", "title: A good release", f'title: "A good{evil} release"\nlanguages: [en]')
    assert room.run("--quiet").code == 0
    message = parsed((room.path / "output/press/good/good.en.eml").read_bytes())
    assert {name for name in ("To", "Cc", "Bcc", "Sender") if message[name]} == set()
    assert message["Subject"] == "[Press release] A good Bcc: victim@example.org <b>x</b> release"
    assert [a.addr_spec for a in message["From"].addresses] == ["press@example.org"]
    assert message["From"].addresses[0].display_name == "Office Bcc: victim@example.org <b>x</b>"
    assert [a.addr_spec for a in message["Reply-To"].addresses] == ["press@example.org"]


@cache
def small() -> tuple[LocalizedRelease, Release, Newsroom]:
    reader, problems = Reader(on_disk({p: file.place for p, file in inventory.scan(SMALL).items()})), Problems()
    newsroom = source.load_newsroom(reader, problems)
    release = source.load_release(reader, "good", "releases/good.yaml", newsroom, problems)
    assert newsroom
    assert release
    return localize(Edition(release, "en", State.PUBLIC, (None, None), None), newsroom), release, newsroom


def written(subject: str, name: str, address: str = "desk@example.org") -> bytes:
    """Return the message of the small newsroom's release with another subject and contact."""
    release, origin, newsroom = small()
    contact = dataclasses.replace(release.contacts[0], name=name, email=address)
    changed = dataclasses.replace(release, contacts=(contact,))
    return mail.message(changed, origin, newsroom, subject, (b"text\n", b"<p>x</p>", b"%PDF-"))


HEADERS = [
    "MIME-Version", "Subject", "From", "Reply-To", "Date", "Message-ID", "Content-Language", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Unsent",
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300).filter(
    lambda text: bool(re.sub("[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip())
)


@given(TEXTS, TEXTS)
@example("x\r\nBcc: a@example.org", "y\nTo: b@example.org")
@example("=?utf-8?q?Bcc=3A?=", '"; x@example.org')
@example("가" * 300, "나" * 300)
@example("a" * 300, "b" * 300)
@example("\u2028\x85\x1c가\x0b나", "Name, \\ with (all) <kinds> @ of: signs;")
def test_any_subject_and_name_come_back_as_they_were(subject: str, name: str) -> None:
    data = written(subject, name)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    message = parsed(data)
    assert sorted(set(message.keys()) - {"Content-Type"}) == sorted(HEADERS)
    expected = [re.sub("[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip() for text in (subject, name)]
    assert message["Subject"] == expected[0]
    # The address parser of Python 3.11 leaves a space between encoded words (RFC 2047, 6.2 takes it out).
    raw = email.message_from_bytes(data)["Reply-To"]
    name_read, address = parseaddr(re.sub(r"\r\n(?= )", "", raw))
    assert (str(make_header(decode_header(name_read))), address) == (expected[1], "desk@example.org")


def test_an_address_in_a_korean_domain_is_written_in_ascii() -> None:
    assert parsed(written("x", "y", "desk@예시.kr"))["From"].addresses[0].addr_spec == "desk@xn--vv4b11d.kr"
    # As IDNA 2008 has it, and lists of recipients: IDNA 2003 has "strasse" here, which may be somebody else's.
    assert parsed(written("x", "y", "desk@straße.de"))["From"].addresses[0].addr_spec == "desk@xn--strae-oqa.de"


def test_an_address_that_some_servers_do_not_take_is_a_problem(room: Room) -> None:
    room.edit("newsroom.yaml", "press@example.org", "기자@example.org")
    done = room.run("--format", "email", "--quiet")
    assert done.code == 1
    assert done.err[0] == (
        "newsroom.yaml:9: 기자@example.org has letters that are not ASCII's; "
        "not every mail server takes other letters before the @, or such a domain"
    )


# --- identifiers ---


def test_an_identifier_is_stable_and_tells_a_recipient_only_as_a_digest() -> None:
    one = mail.message_id("an-id", 2, "ko", "뉴스룸.kr", "Reporter@Example.org ")
    assert re.fullmatch(r"<an-id\.v2\.ko\.[0-9a-f]{16}@xn--vg1bp7jh2i\.kr>", one)
    assert one == mail.message_id("an-id", 2, "ko", "뉴스룸.kr", "reporter@example.org")
    ids = {
        mail.message_id("an-id", v, lang, "x.kr", f"{n}@example.org")
        for v, lang, n in product((1, 2), LANGUAGES, range(9))
    }
    assert len(ids) == 54
    digests = {mail.message_id(id_, 1, "ko", "x.kr", "a@example.org").split(".")[3] for id_ in ("one", "two")}
    assert len(digests) == 2


def test_a_thread_is_the_earlier_versions_of_the_same_recipient() -> None:
    assert mail.thread("an-id", 1, "fr", "x.kr") == ()
    assert mail.thread("an-id", 3, "fr", "x.kr", "a@example.org") == tuple(
        mail.message_id("an-id", n, "fr", "x.kr", "a@example.org") for n in (1, 2)
    )


def test_a_long_identifier_stays_on_the_line_of_its_header() -> None:
    long = "a-very-long-identifier-" * 5
    release, origin, newsroom = small()
    changed = dataclasses.replace(release, id=long, version=3)
    data = mail.message(changed, origin, newsroom, "x", (b"text\n", b"<p>x</p>", b"%PDF-"))
    ids = [f"<{long}.v{n}.en@newsroom.example.org>" for n in (1, 2, 3)]
    assert f"\r\nMessage-ID: {ids[2]}\r\nIn-Reply-To: {ids[0]}\r\n".encode() in data
    assert f"\r\nReferences: {ids[0]}\r\n {ids[1]}\r\n".encode() in data
    message = parsed(data)
    assert (message["Message-ID"], message["References"].split()) == (ids[2], ids[:2])
    assert [part.get_filename() for part in message.iter_attachments()] == [f"{long}.en.pdf"]


# --- size ---


def test_html_that_gmail_would_cut_is_a_problem_by_its_size_in_the_message(room: Room) -> None:
    letters = "가나다라 " * 6200
    assert len(letters.encode()) < mail.CLIPPED_AT < len(letters.encode()) * 4 / 3
    room.write("releases/good.md", letters)
    room.write("releases/good.yaml", "title: 긴 글\ndate: 2026-03-02\nsource_language: ko\nlanguages: [ko]\n")
    done = room.run("--format", "email", "--quiet")
    assert done.code == 1
    assert re.fullmatch(
        r"releases/good\.yaml: the mail would have 1\d\d KB of HTML; Gmail cuts at 102 KB; "
        r"shorten the text, or move a part of it into an attachment",
        done.err[0],
    )


# --- how it looks ---

CLIENTS = (
    "gmail.desktop-webmail gmail.ios gmail.android apple-mail.macos apple-mail.ios outlook.windows outlook.macos "
    "outlook.ios outlook.android orange.desktop-webmail orange.ios orange.android laposte.desktop-webmail "
    "samsung-email.android"
).split()
#: What some clients lack, and why the mail holds without it. Naver and Daum are not measured by caniemail.com.
LACKED = {
    "@media": "colours and margins are inlined; dark and narrow screens only refine them",
    "<style> element": "the same",
    "max-width": "Outlook for Windows has a table of 640 pixels of its own, in a conditional comment",
    "table-layout": "matters for tables wider than the screen only",
    "overflow": "for the preheader, which has three more ways to be hidden; for wide tables on narrow screens",
    "display": "for the preheader alone",
    "display:none": "for the preheader, which Word hides by mso-hide",
    "opacity": "for the preheader alone",
    "overflow-wrap": "word-wrap says the same in its older name",
    "word-wrap": "a word longer than a line stands out of it",
    "word-break": "Korean lines break inside of words, as they do in other mails there",
    "white-space": "a line of code runs out of the screen",
    "<code> element": "code in the letters of the text",
    "lang attribute": "it is on the page too; nothing shows by it",
    "dir attribute": "all three languages run from left to right",
    "role attribute": "a screen reader may tell of a table",
    "Local anchors": "a footnote's number does not lead to it; the note stands at the end",
    "mailto: links": "the address is written out",
    "<body> element": "its colour and margin stand on the element below it as well",
    "<hr> element": "a line of another look",
    "<ul>, <ol> and <dl>": "another indentation",
    "width attribute": "the conditional table is for Word",
    "width property": "the same",
    "height property": "the preheader's alone",
    "align attribute": "the mail stands on the left",
    "cellpadding attribute": "cells have their padding as a style",
    "cellspacing attribute": "borders collapse or are not there",
}
#: Partly supported everywhere in a way that does not matter here: shorthands, units, keywords that are not used.
HARMLESS = set(
    "margin padding background background-color font-size font-weight line-height border border-collapse "
    "text-align".split()
)


@pytest.mark.slow
def test_html_and_css_are_what_mail_clients_know_or_can_do_without(mails: Room) -> None:
    files = [str(place(mails, id_, "html")) for id_ in IDS]
    try:
        told = json.loads(node_tools.run("support.mjs", ",".join(CLIENTS), *files))
    except node_tools.MissingError as missing:
        pytest.skip(str(missing))
    assert sorted(told) == sorted(CLIENTS)
    lacked = {client: {*found["unsupported"]} - set(LACKED) for client, found in told.items()}
    partly = {client: {*found["partial"]} - set(LACKED) - HARMLESS for client, found in told.items()}
    unmeasured = {name for found in told.values() for name in found["unmeasured"]}
    assert {client: names for found in (lacked, partly) for client, names in found.items() if names} == {}
    assert unmeasured <= {"word-wrap", "overflow-wrap", "table-layout", "opacity"}
    # Colours and fonts must be known everywhere: what cannot be done without.
    for client, found in told.items():
        assert {"color", "background-color", "font-family"} & {*found["unsupported"]} == set(), client


#: The lowest contrast (WCAG 2.2, 1.4.3) between a text and the colour behind it, and the text.
CONTRAST = """() => {
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => parts(c).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if ((parts(c)[3] ?? 1) > 0) return c; } return null; };
  let worst = [21, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || !behind(element)) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    worst = (a + 0.05) / (b + 0.05) < worst[0] ? [(a + 0.05) / (b + 0.05), text] : worst;
  }
  return worst;
}"""


@needs("chromium")
@pytest.mark.slow
@pytest.mark.parametrize("styles", [True, False], ids=["with-styles", "style-elements-dropped"])
def test_it_fits_and_reads_on_narrow_and_wide_light_and_dark_screens_without_pictures(
    mails: Room, styles: bool
) -> None:
    sync = pytest.importorskip("playwright.sync_api")
    asked, wide, pale = [], {}, {}
    with sync.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--blink-settings=imagesEnabled=false"]
        )
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for id_ in (*IDS, "long-ko"):
            html = place(mails, id_, "html").read_text("utf-8")
            page.set_content(html if styles else re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL))
            for scheme, columns in product(("light", "dark"), (320, 640)):
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": columns, "height": 800})
                taken = page.evaluate("document.documentElement.scrollWidth")
                contrast, text = page.evaluate(CONTRAST)
                if taken > columns:
                    wide[id_, scheme, columns] = taken
                if contrast < 4.5:
                    pale[id_, scheme] = (round(contrast, 2), text)
                assert page.locator(".preheader:visible").count() == 0
        browser.close()
    assert (asked, wide, pale) == ([], {}, {})


def test_a_page_that_is_kept_as_a_file_says_its_encoding_and_language_first(mails: Room) -> None:
    for id_ in IDS:
        data = place(mails, id_, "html").read_bytes()
        assert b'<meta charset="utf-8">' in data[:1024]  # HTML, 4.2.5.4: within the first 1024 bytes
        assert data.decode().startswith(f'<!DOCTYPE html><html lang="{id_[-2:]}" dir="ltr">')
        assert data.count(f'lang="{id_[-2:]}"'.encode()) == 2  # webmail keeps what is in the body alone
        assert re.search(rb"<title>[^<]+</title>", data)
        assert not re.search(rb"<img|url\(|<link|<script", data)
