"""output/site is a newsroom: its front pages, feeds and addresses, and what an embargo keeps out of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image

from communique import search, shelf
from communique.errors import InputError
from conftest import Room

VALLEY, THREE = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"
URL = "https://newsroom.example.org/"
ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def pages(room: Room) -> Iterator[Path]:
    yield from sorted((room.path / "output/site").rglob("*.html"))


def addresses(page: Path) -> list[str]:
    """Return what a page leads to or loads, as it is written."""
    text = page.read_text("utf-8")
    found = re.findall(r'(?:href|src)="([^"]+)"|content="(?=https://newsroom)([^"]+)"', text)
    found = ["".join(pair) for pair in found] + re.findall(r"url=([^\"]+)\"", text)
    return [*found, *(part.split()[0] for some in re.findall(r'srcset="([^"]+)"', text) for part in some.split(","))]


def target(room: Room, page: Path, address: str) -> Path | None:
    """Return the file that an address within the newsroom leads to; None for another's."""
    site = room.path / "output/site"
    path = unquote(urlsplit(address).path)
    if address == f"{URL}guide/":  # the sample's own text tells of it, and it is no part of the newsroom
        return None
    if address.startswith(URL) or address.startswith("/"):
        place = site / path.lstrip("/")
    elif re.match(r"[a-z]+:|#", address):
        return None
    else:
        place = page.parent / path
    return place / "index.html" if path.endswith("/") or place == site else place


def lost(room: Room) -> set[tuple[str, str]]:
    """Return the addresses in pages and feeds that lead to no file, with the pages."""
    return {
        (page.relative_to(room.path).as_posix(), address)
        for page in (*pages(room), *(room.path / "output/site").rglob("feed.xml"))
        for address in addresses(page)
        if (place := target(room, page, address)) and not place.is_file()
    }


def test_every_address_inside_leads_to_a_file(built: Room) -> None:
    assert lost(built) == set()


@pytest.mark.parametrize(
    "steps",
    [
        [(VALLEY,)],
        [("--language", "fr")],
        [("--format", "html"), ("--format", "pdf")],
        [("--language", "fr", "--format", "pdf"), ("--language", "fr", "--format", "html"), ()],
        [(), ("broken",), ("--language", "ko", "--format", "pdf")],
        [(), ("retracted",), ("--format", "email")],
        [("--format", "html"), ("bad",), ("--language", "en"), ()],
    ],
)
def test_a_part_of_a_build_leaves_no_page_that_leads_nowhere(samples: Room, steps: list[tuple[str, ...]]) -> None:
    for step in steps:
        if step == ("broken",):
            (samples.path / f"locales/fr/LC_MESSAGES/{VALLEY}.po").unlink()
        elif step == ("retracted",):
            samples.edit(f"releases/{VALLEY}.yaml", "tags:", "status: retracted\ntags:")
        elif step == ("bad",):  # French paper cannot be set: no font has this letter
            samples.edit(f"locales/fr/LC_MESSAGES/{VALLEY}.po", "L’accord tient", "L’accord 𒀀 tient")
        else:
            samples.run("-q", "--now", "2026-11-23", *step)
            assert lost(samples) == set()
    if steps[-1] == ():
        whole = samples.files("output/site")
        samples.run("-q", "--now", "2026-11-23", "--output", str(samples.path / "clean"))
        assert samples.files("clean/site") == whole
        for path in whole:
            assert (samples.path / "clean/site" / path).read_bytes() == (
                samples.path / "output/site" / path
            ).read_bytes()


def test_front_pages_show_the_newest_first_with_the_languages_that_are_out(built: Room) -> None:
    for language in ("ko", "en", "fr"):
        front = built.read(f"output/site/{language}/index.html")
        shown = re.findall(rf'<h2><a href="\.\./{language}/([^/"]+)/', front)
        assert shown == [THREE, VALLEY]
        others = {lang for lang in ("ko", "en", "fr") if f'href="../{lang}/{VALLEY}/index.html"' in front}
        assert others == {"ko", "en", "fr"}
        assert f'<link rel="canonical" href="{URL}{language}/">' in front


def test_a_language_that_is_not_out_is_named_and_not_linked(samples: Room) -> None:
    (samples.path / f"locales/fr/LC_MESSAGES/{VALLEY}.po").unlink()
    samples.run("-q", "--format", "html", "--now", "2026-11-23")
    page = samples.read(f"output/site/en/{VALLEY}/index.html")
    assert re.search(r'<span lang="fr">Français</span> <small>\(not out yet\)', page)
    assert f"fr/{VALLEY}" not in page
    front = samples.read("output/site/en/index.html")
    assert f"fr/{VALLEY}" not in front
    assert f"fr/{THREE}" in front


def test_a_list_that_a_language_lacks_leads_to_its_front_page(room: Room) -> None:
    room.write("releases/old.yaml", "title: Old\ndate: 2024-03-02\ntags: [a]\nlanguages: [en]\nbody: Text.\n")
    room.run("-q", "--format", "html")
    for folder in ("archive/2024", "tag/a"):
        page = room.read(f"output/site/en/{folder}/index.html")
        assert '<a href="../../../ko/index.html" hreflang="ko"' in page
        assert '<link rel="alternate" hreflang="ko"' not in page
        assert "not out yet" not in page


def test_feeds_have_the_full_text_and_the_last_change(built: Room) -> None:
    feed = ElementTree.parse(built.path / "output/site/fr/feed.xml").getroot()
    entries = feed.findall(f"{ATOM}entry")
    assert [e.findtext(f"{ATOM}id") for e in entries] == [f"{URL}fr/{THREE}/", f"{URL}fr/{VALLEY}/"]
    assert feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated") == "2026-11-17T00:00:00+09:00"
    for element in feed.iter(f"{ATOM}updated"):
        assert datetime.fromisoformat(element.text or "").tzinfo is not None
    content = entries[1].findtext(f"{ATOM}content") or ""
    assert "L’accord tient en quatre points." in content
    assert not re.search(r'(?:href|src)="(?!https?:|mailto:|tel:|#)', content)
    tagged = ElementTree.parse(built.path / "output/site/fr/tag/france/feed.xml").getroot()
    assert [e.findtext(f"{ATOM}id") for e in tagged.findall(f"{ATOM}entry")] == [f"{URL}fr/{VALLEY}/"]


def test_the_sitemap_has_each_edition_with_its_languages_and_the_latest_as_news(built: Room) -> None:
    urls = ElementTree.parse(built.path / "output/site/sitemap.xml").getroot().findall(f"{MAP}url")
    places = [url.findtext(f"{MAP}loc") for url in urls]
    expected = {f"{URL}{lang}/{id_}" for lang in ("ko", "en", "fr") for id_ in ("", f"{VALLEY}/", f"{THREE}/")}
    assert set(places) == expected
    assert len(places) == len(expected)
    for url in urls:
        links = {link.get("hreflang"): link.get("href") for link in url.findall(f"{XHTML}link")}
        assert links.keys() == {"ko", "en", "fr", "x-default"}
        assert url.findtext(f"{MAP}loc") in links.values()
    news = [url.findtext(f"{MAP}loc") for url in urls if url.find(f"{NEWS}news") is not None]
    assert sorted(map(str, news)) == [f"{URL}{lang}/{THREE}/" for lang in ("en", "fr", "ko")]
    assert built.read("output/site/robots.txt").endswith(f"Sitemap: {URL}sitemap.xml\n")


def test_many_addresses_have_a_sitemap_a_year_and_a_new_release_is_written_into_its_own(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_engine import build

    def addresses() -> list[str]:
        return [str(loc.text) for part in parts for loc in ElementTree.parse(site / part).iter(f"{MAP}loc")]

    site, parts = room.path / "output/site", ["sitemap.xml"]
    for id_, year in (("old", 2024), ("old2", 2024), ("next", 2025)):
        room.write(f"releases/{id_}.yaml", f"title: {id_}\ndate: {year}-03-02\nlanguages: [en]\nbody: Text.\n")
    build(room, formats=("html",))
    whole = addresses()
    monkeypatch.setattr(shelf, "ONE_SITEMAP", 2)
    build(room, formats=("html",), force=True)
    assert addresses() == [f"{URL}sitemap-{year}-1.xml" for year in (2024, 2025, 2026)]
    parts = [place.removeprefix(URL) for place in addresses()]
    assert sorted(addresses()) == sorted(whole)
    assert addresses().index(f"{URL}en/") > addresses().index(f"{URL}en/next/")
    room.write("releases/next2.yaml", "title: next2\ndate: 2025-03-03\nlanguages: [en]\nbody: Text.\n")
    made = build(room, formats=("html",)).made
    assert [path for path in made if "sitemap" in path] == ["site/sitemap-2025-1.xml"]


def test_machines_read_what_a_page_is(built: Room) -> None:
    page = built.read(f"output/site/en/{THREE}/index.html")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert (data["@type"], data["inLanguage"], data["version"]) == ("NewsArticle", "en", 2)
    assert data["translationOfWork"]["@id"] == f"{URL}ko/{THREE}/"
    assert data["dateline"] == "Sejong, November 16"
    assert (data["datePublished"], data["dateModified"]) == ("2026-11-16T09:00:00+09:00", "2026-11-17T00:00:00+09:00")
    assert [notice["datePublished"] for notice in data["correction"]] == ["2026-11-17"]
    assert f'<link rel="alternate" hreflang="x-default" href="{URL}ko/{THREE}/">' in page
    card = re.search(r'<meta property="og:image" content="([^"]+)">', page)
    assert card
    with Image.open(built.path / "output/site" / card[1].removeprefix(URL)) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 630))


def test_text_cannot_break_out_of_the_data_for_machines(room: Room) -> None:
    room.write("releases/odd.yaml", "title: A </script><script>alert(1)</script>\ndate: 2026-03-02\nbody: B.\n")
    room.run("-q")
    assert "<script>alert" not in room.read("output/site/en/odd/index.html")
    assert "<script>alert" not in room.read("output/site/en/index.html")


def test_topics_are_called_by_their_names_in_each_language(built: Room) -> None:
    for language, name in (("ko", "화장품"), ("en", "Cosmetics"), ("fr", "Cosmétiques")):
        folder = f"output/site/{language}"
        link = f'href="../tag/cosmetics/index.html">{name}</a>'
        assert link in built.read(f"{folder}/{VALLEY}/index.html")
        assert link.replace("../", "") in built.read(f"{folder}/index.html")
        assert name in built.read(f"{folder}/tag/cosmetics/index.html").partition("<h1>")[2].partition("</h1>")[0]
        assert f'<category term="cosmetics" label="{name}"/>' in built.read(f"{folder}/feed.xml")
        assert f'"{name}"' in built.read(f"{folder}/{VALLEY}/index.html").partition("keywords")[2].partition("]")[0]


def test_pictures_come_in_several_widths(built: Room) -> None:
    page = built.read(f"output/site/en/{THREE}/index.html")
    tag = re.search(r"<img [^>]*srcset=[^>]*>", page)
    assert tag
    for part in ("sizes=", "width=", "height=", 'loading="lazy"'):
        assert part in tag[0]
    for width in (480, 960):
        with Image.open(built.path / f"output/site/en/{THREE}/workflow-png-{width}.webp") as picture:
            assert (picture.format, picture.width) == ("WEBP", width)


def test_pictures_inside_a_text_come_in_several_widths_too(room: Room) -> None:
    folder = room.path / "releases/photo"
    folder.mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (1600, 1000), "navy").save(folder / "a b.jpg", exif=turned)
    Image.new("RGB", (300, 200), "navy").save(folder / "small.png")
    body = 'body: "![A > B](a%20b.jpg)\\n\\n![C](small.png)"\n'
    room.write("releases/photo.yaml", f"title: Photo\ndate: 2026-03-02\nlanguages: [en]\n{body}")
    assert room.run("-q").err == []
    big, small = re.findall(r"<img [^\n]*?(?=</p>)", room.read("output/site/en/photo/index.html"))
    for part in (
        'srcset="a%20b-jpg-480.webp 480w, a%20b-jpg-960.webp 960w, a%20b.jpg 1000w" sizes="',
        'width="1000" height="1600"',
        'loading="lazy"',
        'src="a%20b.jpg"',
    ):
        assert part in big
    assert 'width="300" height="200"' in small
    assert "srcset" not in small
    with Image.open(room.path / "output/site/en/photo/a b-jpg-480.webp") as picture:
        assert picture.size == (480, 768)
    assert "srcset" not in room.read("output/site/en/feed.xml")
    assert lost(room) == set()


def test_a_press_pack_has_every_language_the_pictures_and_their_sums(built: Room) -> None:
    with zipfile.ZipFile(built.path / f"output/site/packs/{THREE}.zip") as pack:
        assert pack.testzip() is None
        files = {name.removeprefix(f"{THREE}/"): pack.read(name) for name in pack.namelist()}
    sums = files.pop("SHA256SUMS").decode()
    assert set(files) == {
        *(f"{THREE}.{lang}.{end}" for lang in ("ko", "en", "fr") for end in ("pdf", "txt")),
        "pictures/workflow.png",
    }
    assert dict(reversed(line.split("  ")) for line in sums.splitlines()) == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }


def test_a_press_pack_never_holds_a_language_that_is_held_back(samples: Room) -> None:
    pack = samples.path / f"output/site/packs/{VALLEY}.zip"
    samples.run("-q", "--now", "2026-11-23")
    with zipfile.ZipFile(pack) as opened:
        assert f"{VALLEY}/{VALLEY}.fr.pdf" in opened.namelist()
    (samples.path / f"locales/fr/LC_MESSAGES/{VALLEY}.po").unlink()
    samples.run("-q", "--language", "ko", "--format", "html", "--now", "2026-11-23")
    assert not pack.exists()
    assert "packs/" not in samples.read(f"output/site/en/{VALLEY}/index.html")
    samples.run("-q", "--now", "2026-11-23")
    with zipfile.ZipFile(pack) as opened:
        names = opened.namelist()
    assert f"{VALLEY}/{VALLEY}.ko.pdf" in names
    assert not [name for name in names if ".fr." in name]


# --- aliases ---


def test_an_address_that_a_release_once_had_leads_on(room: Room) -> None:
    room.edit("releases/good.yaml", "date:", "aliases: [2023/old, en/older, news.html]\ndate:")
    assert room.run("-q").err == []
    for path in ("2023/old/index.html", "en/older/index.html", "news.html"):
        page = room.path / "output/site" / path
        refresh = re.search(r'content="0; url=([^"]+)"', page.read_text("utf-8"))
        assert refresh
        assert (page.parent / refresh[1]).resolve() == (room.path / "output/site/en/good/index.html").resolve()
    room.edit("releases/good.yaml", "2023/old, ", "")
    room.run("-q")
    assert not (room.path / "output/site/2023").exists()


@pytest.mark.parametrize("alias", ["en/good", "en", "assets/site.css", "index.html", "packs", "en/good/sub"])
def test_an_alias_that_is_another_pages_address_is_a_problem(room: Room, alias: str) -> None:
    clean = room.run("-q")
    before = {f: (room.path / "output" / f).read_bytes() for f in room.files()}
    room.edit("releases/good.yaml", "date:", f"aliases: [{alias}]\ndate:")
    done = room.run("-q")
    assert (clean.code, done.code) == (0, 1)
    assert done.err == [f"releases/good.yaml: the alias {alias} is the address of another page; take it out"]
    assert {f: (room.path / "output" / f).read_bytes() for f in room.files()} == before
    assert room.run("-q").err == done.err


@pytest.mark.parametrize("alias", ["../out", "a/../../b", "a//b", "/a"])
def test_an_alias_cannot_leave_the_site(room: Room, alias: str) -> None:
    room.edit("releases/good.yaml", "date:", f"aliases: [{alias}]\ndate:")
    assert "is not an address" in room.run("check", "-q").err[0]


@pytest.mark.parametrize("tag", ["..", "../../x", "."])
def test_a_tag_cannot_leave_the_site(room: Room, tag: str) -> None:
    room.edit("releases/good.yaml", "date:", f'tags: ["{tag}"]\ndate:')
    assert "is not a tag" in room.run("check", "-q").err[0]


# --- what an embargo keeps out ---

SECRET = "zebrafinch"


def embargoed(room: Room) -> None:
    """Write three releases whose every text has the secret word: under embargo, a draft, and one not translated."""
    rows = {
        f"{SECRET}-later": "embargo: 2026-03-29T02:30:00+01:00\n",
        f"{SECRET}-draft": "status: draft\n",
        f"{SECRET}-held": "languages: [ko]\n",
    }
    for id_, line in rows.items():
        room.write(
            f"releases/{id_}.yaml",
            f"title: {SECRET} title\nsubtitle: {SECRET}\nsummary: {SECRET} lead\ndate: 2026-03-02\n{line}"
            f"city: {SECRET}\n"
            f"highlights: [{SECRET} point]\ntags: [{SECRET}-tag]\naliases: [{SECRET}/{id_}]\nnotes: {SECRET} notes\n"
            f"images: [{{file: {SECRET}.png, alt: {SECRET} alt, caption: {SECRET}, credit: {SECRET}}}]\n"
            f"attachments: [{{file: {SECRET}.txt, title: {SECRET} file}}]\nbody: {SECRET} body.\n",
        )
        folder = room.path / f"releases/{id_}"
        folder.mkdir()
        (folder / f"{SECRET}.txt").write_text(SECRET)
        Image.new("RGB", (600, 400), "navy").save(folder / f"{SECRET}.png")


def leaks(room: Room) -> list[str]:
    """Return where the secret word is below output/site: in names, in bytes, in unpacked ZIPs."""
    found = []
    for place in sorted((room.path / "output/site").rglob("*")):
        name = place.relative_to(room.path / "output/site").as_posix()
        if SECRET in name.lower() or (place.is_file() and any(_has(data) for data in _unpacked(place.read_bytes()))):
            found.append(name)
    return found


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    if data[:2] == b"\x1f\x8b":  # the search index
        yield gzip.decompress(data)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _unpacked(archive.read(name))


def _has(data: bytes) -> bool:
    return SECRET.encode() in data.lower()


def test_before_the_instant_not_one_byte_is_public(room: Room) -> None:
    embargoed(room)
    # Clocks in Paris go from 02:00 to 03:00 on that day: the instant is 03:30 there.
    for now in ("2026-03-02T00:00", "2026-03-29T01:29:59+00:00", "2026-03-29T03:29:59"):
        done = room.run("-q", "--now", now)
        assert done.code == 0, done.err
        assert leaks(room) == []
    for now in ("2026-03-29T03:30", "2026-03-29T01:30:00+00:00"):
        room.run("-q", "--now", now)
        found = leaks(room)
        assert f"en/{SECRET}-later/index.html" in found
        for place in ("en/index.html", "en/feed.xml", "sitemap.xml", f"packs/{SECRET}-later.zip",
                      f"en/tag/{SECRET}-tag/index.html", f"{SECRET}/{SECRET}-later/index.html"):  # fmt: skip
            assert place in found
        assert not [path for path in found if "draft" in path or "held" in path]
        room.run("-q", "--now", "2026-03-29T03:29")
        assert leaks(room) == []


def test_status_tells_the_instant_of_the_next_build(room: Room) -> None:
    room.edit("releases/good.yaml", "date: 2026-03-02", "date: 2026-03-02\nembargo: 2099-03-29T03:30")
    rows = json.loads("\n".join(room.run("status", "--json").out))
    assert {row["embargo_instant"] for row in rows} == {"2099-03-29T03:30:00+02:00"}
    room.edit("releases/good.yaml", "embargo:", "status: draft\nembargo:")
    rows = json.loads("\n".join(room.run("status", "--json").out))
    assert {row["embargo_instant"] for row in rows} == {""}


def test_a_retracted_release_keeps_its_address_and_tells_in_every_list(samples: Room) -> None:
    samples.edit(f"releases/{VALLEY}.yaml", "tags:", "status: retracted\ntags:")
    samples.run("-q", "--now", "2026-11-23")
    feed = samples.read("output/site/en/feed.xml")
    assert "This press release has been retracted." in feed
    assert "four key points" not in feed
    assert f"{VALLEY}.en.pdf" not in feed
    front = samples.read("output/site/en/index.html")
    assert "<strong>Retracted</strong>" in front
    assert "memorandum of understanding" not in front
    assert not (samples.path / f"output/site/packs/{VALLEY}.zip").exists()
    assert not (samples.path / "output/site/en/tag/cosmetics").exists()


# --- what a new release changes ---


def test_a_new_release_changes_only_the_pages_that_show_it(room: Room) -> None:
    for number in range(70):
        year, month = 2024 + number // 48, 1 + number % 12
        room.write(
            f"releases/r{number:02}.yaml",
            f"title: Title {number}\ndate: {year}-{month:02}-{1 + number % 28:02}\ntags: [t{number % 2}]\n"
            f"languages: [en]\nbody: Text.\n",
        )
    room.run("-q", "--format", "html")
    before = {f: (room.path / "output/site" / f).stat().st_mtime_ns for f in room.files("output/site")}
    assert {"en/archive/2024/1/index.html", "en/archive/2024/index.html", "en/archive/2025/index.html"} <= set(before)
    assert "en/tag/t1/1/index.html" not in before
    assert len(re.findall("<h2><a ", room.read("output/site/en/index.html"))) == 20
    room.write("releases/new.yaml", "title: New\ndate: 2026-03-20\ntags: [t0]\nlanguages: [en]\nbody: Text.\n")
    room.run("-q", "--format", "html")
    after = {f: (room.path / "output/site" / f).stat().st_mtime_ns for f in room.files("output/site")}
    changed = {f for f in after if after[f] != before.get(f) and not f.startswith("assets/search/")}
    assert changed == {
        "en/new/index.html", "en/new/new.en.png", "en/index.html", "en/feed.xml", "en/archive/2026/index.html",
        "en/tag/t0/index.html", "en/tag/t0/feed.xml", "sitemap.xml", "index.html",
    }  # fmt: skip
    assert {f for f in before if not f.startswith("assets/search/")} <= after.keys()


def test_a_build_writes_nothing_beside_output(room: Room) -> None:
    before = {path.name for path in room.path.iterdir()}
    room.run("-q", "--format", "html")
    assert {path.name for path in room.path.iterdir()} == {*before, "output"}


# --- the search's files ---


def test_a_new_release_makes_the_newest_index_alone(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_engine import build

    pytest.importorskip("pagefind_bin_extended", reason="the extra search is not installed")
    folder = room.path / "output/site/assets/search"
    for id_, year in (("old", 2024), ("old2", 2024), ("next", 2025), ("last", 2027)):
        room.write(f"releases/{id_}.yaml", f"title: {id_}\ndate: {year}-03-02\nlanguages: [en]\nbody: Text.\n")
    (room.path / "releases/good.yaml").unlink()
    korean = "title: 제목\ndate: 2024-03-02\nlanguages: [ko]\nsource_language: ko\nbody: 본문\n"
    room.write("releases/korean.yaml", korean)
    build(room, formats=("html",))
    assert [path.name for path in folder.iterdir()] == ["2024"]
    # As many as a busy year has: here two are many.
    monkeypatch.setattr(search, "LEAST", 2)
    build(room, formats=("html",), force=True)
    for name in ("2024", "2025"):
        # Each in every language: an index that lacks one would answer in another.
        found = json.loads((folder / name / "pagefind-entry.json").read_text())["languages"]
        assert found.keys() == {"en", "ko"}
        assert (folder / name / "pagefind.js").is_file() == (name == "2025")
    assert 'data-indexes="2025 2024"' in room.read("output/site/en/search/index.html")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    room.write("releases/more.yaml", "title: More\ndate: 2027-03-03\nlanguages: [en]\nbody: More.\n")
    build(room, formats=("html",))
    changed = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime_ns != before.get(path)]
    assert {path.relative_to(folder).parts[0] for path in changed} == {"2025"}


# --- a search that is not there ---


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ('raise FileNotFoundError("Could not find pagefind_extended")', "Could not find pagefind_extended"),
        ('return "/nowhere/pagefind"', "No such file or directory"),
        ('return "/bin/false"', "it wrote nothing"),
    ],
)
def test_a_pagefind_that_does_not_run_is_a_problem_and_no_page_offers_a_search(
    room: Room, program: str, told: str
) -> None:
    room.write("beside/pagefind_bin_extended.py", f"def get_executable():\n    {program}\n")
    pytest.importorskip("pagefind_bin_extended", reason="the extra search is not installed")
    assert room.run("-q", "--format", "html").code == 0
    assert room.files("output/site/assets/search")
    room.edit("releases/good.yaml", "date:", "subtitle: New\ndate:")
    done = room.run("-q", "--format", "html", env={"PYTHONPATH": str(room.path / "beside")})
    assert done.code == 1
    (line,) = done.err
    assert line.startswith("newsroom.yaml: the search index cannot be made, Pagefind failed: ")
    assert told in line
    assert line.endswith("; pip install --force-reinstall 'communique[search]'")
    assert not [path for path in room.files("output/site") if "search" in path]
    assert "<form" not in room.read("output/site/en/index.html")
    assert lost(room) == set()
    # The next build tries again by itself.
    done = room.run("-q", "--format", "html")
    assert (done.code, done.err) == (0, [])
    assert '<form class="search"' in room.read("output/site/en/index.html")


def test_a_pagefind_that_hangs_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pagefind"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(search, "_program", lambda: str(program))
    monkeypatch.setattr(search, "PATIENCE", 0.2)
    with pytest.raises(InputError, match=r"Pagefind failed: .* timed out after 0\.2 seconds"):
        search.index("site/assets/search/2026", [], lambda *_: "", ["en"], library=True)


def test_without_the_extra_there_is_no_search_and_no_word_of_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_engine import build

    monkeypatch.setattr(search, "PACKAGES", ())
    monkeypatch.setattr(search, "PROGRAMS", ())
    outcome = build(room)
    assert list(outcome.problems) == []
    assert not [path for path in room.files("output/site") if "search" in path]
    assert "<form" not in room.read("output/site/en/index.html")
