"""Feeds, sitemaps and what search engines read, as their standards want them: judged by other people's programs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from conftest import ROOT, Room, copy

HERE = Path(__file__).parent / "standards"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The samples with a release that is retracted, and one of all that must be escaped."""
    room = copy(ROOT, tmp_path_factory.mktemp("standards"))
    room.write("releases/gone.yaml", "title: Gone\ndate: 2026-03-01\nstatus: retracted\nlanguages: [en]\nbody: Text.\n")
    title = 'title: "A & B <C> \\"D\\" ]]> </script> 한 \\U0001F1F0"'
    room.write(
        "releases/odd.yaml",
        f"{title}\ndate: 2026-11-22\nlanguages: [en]\ntags: [r+d, 한글]\nbody: A & B <b>c</b>.\n",
    )
    done = room.run("-q", "--format", "html", "--now", "2026-11-23")
    assert (done.code, done.err) == (0, [])
    return room


def feeds(room: Room) -> Iterator[Path]:
    yield from sorted((room.path / "output/site").rglob("feed.xml"))


def test_feeds_are_what_rfc_4287_asks_for(room: Room) -> None:
    schema = etree.RelaxNG(etree.parse(HERE / "atom.rng"))
    told = {str(path): str(schema.error_log) for path in feeds(room) if not schema.validate(etree.parse(path))}
    assert told == {}
    assert len(list(feeds(room))) == 3 + 3 * 4 + 2
    for path in feeds(room):
        feed = etree.parse(path).getroot()
        # 4.1.1 and 4.1.2: no two alternates of one type and language; one self; entries are told apart by their IDs.
        for element in (feed, *feed.findall("a:entry", ATOM)):
            links = element.findall("a:link[@rel='alternate']", ATOM)
            assert max(Counter((link.get("type"), link.get("hreflang")) for link in links).values()) == 1
        assert len(feed.findall("a:link[@rel='self']", ATOM)) == 1
        ids = [element.text for element in feed.iterfind(".//a:id", ATOM)]
        assert len(ids) == len(set(ids))
        updated = [element.text for element in feed.findall("a:entry/a:updated", ATOM)]
        assert feed.findtext("a:updated", namespaces=ATOM) == max(updated)


def test_a_feed_that_is_wrong_would_be_found(room: Room) -> None:
    schema = etree.RelaxNG(etree.parse(HERE / "atom.rng"))
    text = room.read("output/site/en/feed.xml")
    for old, new in (
        ("<updated>[^<]*</updated>", ""),
        (r"\+09:00</published>", "</published>"),
        ('href="https://', 'href="//'),
        ("<author>.*</author>", ""),
    ):
        wrong = re.sub(old, new, text)
        assert wrong != text
        assert not schema.validate(etree.fromstring(wrong.encode()))


def test_a_feed_reader_reads_every_feed(room: Room) -> None:
    for path in feeds(room):
        feed = feedparser.parse(path.read_bytes())
        assert not feed.bozo, (path, feed.get("bozo_exception"))
        assert feed.version == "atom10"
        for entry in feed.entries:
            assert entry.link.startswith("https://newsroom.example.org/")
            assert entry.published_parsed
            assert entry.updated_parsed
            assert entry.content[0].type == "text/html"
    feed = feedparser.parse((room.path / "output/site/en/feed.xml").read_bytes())
    odd = next(entry for entry in feed.entries if entry.link.endswith("/odd/"))
    assert odd.title == 'A & B <C> "D" ]]> </script> 한 \U0001f1f0'
    assert "A &amp; B <b>c</b>." in odd.content[0].value
    assert [tag.term for tag in odd.tags] == ["r+d", "한글"]


def test_the_sitemap_is_valid(room: Room, npm: Path, tmp_path: Path) -> None:
    for file in HERE.glob("*.xsd"):
        shutil.copy(file, tmp_path)
    shutil.copy(npm / "sitemap/schema/sitemap.xsd", tmp_path / "sitemap-base.xsd")
    schema = etree.XMLSchema(etree.parse(tmp_path / "sitemap.xsd"))
    tree = etree.parse(room.path / "output/site/sitemap.xml")
    assert schema.validate(tree), schema.error_log
    next(tree.iter("{*}lastmod")).text = "yesterday"
    assert not schema.validate(tree)


@pytest.mark.slow
def test_the_data_of_pages_is_schema_orgs(room: Room, npm: Path, tmp_path: Path) -> None:
    """Each page's JSON-LD is an object of schema.org's types, for the TypeScript compiler to judge."""
    found = [
        (path, data)
        for path in sorted((room.path / "output/site").rglob("*.html"))
        for data in re.findall(r'<script type="application/ld\+json">(.*?)</script>', path.read_text("utf-8"))
    ]
    assert len(found) == 3 * 2 + 2
    assert {json.loads(data)["@type"] for _, data in found} == {"NewsArticle"}
    lines = [f"export const page{n}: WithContext<NewsArticle> = {data};" for n, (_, data) in enumerate(found)]
    begin = 'import type { NewsArticle, WithContext } from "schema-dts";'
    (tmp_path / "node_modules").symlink_to(npm)
    options = {"noEmit": True, "strict": True, "skipLibCheck": True, "types": [], "module": "esnext"}
    settings = {"compilerOptions": {**options, "moduleResolution": "bundler", "target": "es2022"}, "files": ["data.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings))

    def compiled(text: str) -> str:
        (tmp_path / "data.ts").write_text(text, "utf-8")
        command = ["node", str(npm / "typescript/bin/tsc"), "-p", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    text = "\n".join((begin, *lines))
    assert compiled(text) == ""
    assert "headlinee" in compiled(text.replace('"headline"', '"headlinee"', 1))
