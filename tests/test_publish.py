"""python build.py publish: what differs, in an order that breaks no page, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from communique import publish
from communique.errors import InputError
from conftest import Room
from test_site import addresses, target


def content(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != publish.MANIFEST)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A newsroom with two releases, built without PDFs."""
    from conftest import SMALL, copy

    room = copy(SMALL, tmp_path_factory.mktemp("before"))
    room.write("releases/old.yaml", "title: Old\ndate: 2025-03-02\ntags: [a]\nlanguages: [en]\nbody: Text.\n")
    room.run("-q", "--format", "html", "--format", "email")
    return room


@pytest.fixture
def newsroom(before: Room, tmp_path: Path) -> Room:
    shutil.copytree(before.path, tmp_path / "room")
    return Room(tmp_path / "room")


def test_a_folder_gets_the_site_and_a_second_run_sends_nothing(newsroom: Room) -> None:
    first = newsroom.run("publish", "public")
    assert (first.code, first.err) == (0, [])
    count = len(newsroom.files("output/site"))
    assert first.out == [f"Sent {count} files, removed 0 files."]
    assert content(newsroom.path / "public") == content(newsroom.path / "output/site")
    times = {p: p.stat().st_mtime_ns for p in (newsroom.path / "public").rglob("*")}
    assert newsroom.run("publish", "public").out == ["Everything is published already."]
    assert {p: p.stat().st_mtime_ns for p in (newsroom.path / "public").rglob("*")} == times


def test_a_dry_run_lists_and_writes_nothing(newsroom: Room) -> None:
    done = newsroom.run("publish", "public", "--dry-run")
    assert sorted(line.removeprefix("would send ") for line in done.out) == newsroom.files("output/site")
    assert not (newsroom.path / "public").exists()


def test_only_what_differs_goes_and_what_is_others_stays(newsroom: Room) -> None:
    newsroom.run("publish", "public")
    newsroom.write("public/google1234.html", "a token of somebody else's")
    newsroom.write("beside.txt", "outside of the prefix")
    (newsroom.path / "releases/old.yaml").unlink()
    newsroom.run("-q", "--format", "html", "--format", "email")
    told = newsroom.run("publish", "public", "--dry-run").out
    assert "would remove en/old/index.html" in told
    assert "would send en/good/index.html" not in told
    assert newsroom.run("publish", "public").code == 0
    assert content(newsroom.path / "public").keys() == {*newsroom.files("output/site"), "google1234.html"}
    assert not (newsroom.path / "public/en/old").exists()
    assert newsroom.read("beside.txt") == "outside of the prefix"


def reachable(folder: Path) -> set[str]:
    """Return what readers who come to the front page are led to, and is not there."""
    room = Room(folder.parent)
    lost, seen, waiting = set(), set(), [folder / "index.html"] if (folder / "index.html").is_file() else []
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for address in addresses(page):
            place = target(room, page, address)
            if place is None:
                continue
            place = folder / place.resolve().relative_to(folder.resolve()) if folder in place.parents else place
            place = Path(re.sub(r"/output/site/", f"/{folder.name}/", str(place.resolve())))
            if not place.is_file():
                lost.add(f"{page.relative_to(folder)} → {address}")
            elif place.suffix == ".html" and place not in seen:
                waiting.append(place)
                seen.add(place)
    return lost


def test_at_no_moment_does_a_page_lead_to_a_file_that_is_not_there(newsroom: Room) -> None:
    site, public = newsroom.path / "output/site", newsroom.path / "public"
    moments: list[str] = []

    def look(line: str) -> None:
        moments.append(line)
        assert reachable(public) == set(), line

    publish.run(site, str(public), dry_run=False, tell=look)
    assert moments[-1] == "sent sitemap.xml"
    (newsroom.path / "releases/old.yaml").unlink()
    newsroom.write("releases/new.yaml", "title: New\ndate: 2027-03-02\ntags: [b]\nlanguages: [en]\nbody: Text.\n")
    newsroom.run("-q", "--format", "html", "--format", "email")
    del moments[:]
    publish.run(site, str(public), dry_run=False, tell=look)
    kinds = [line.split()[0] for line in moments]
    assert kinds == sorted(kinds, key=["sent", "removed"].index)
    assert {"sent en/new/index.html", "removed en/old/index.html"} <= set(moments)


@pytest.mark.parametrize("after", [0, 1, 7, 20])
def test_an_interrupted_publish_is_made_good_by_the_next(newsroom: Room, after: int) -> None:
    site, public = newsroom.path / "output/site", newsroom.path / "public"
    publish.run(site, str(public), dry_run=False, tell=lambda _: None)
    (newsroom.path / "releases/old.yaml").unlink()
    newsroom.edit("releases/good.yaml", "Everything is right", "All is well")
    newsroom.write("releases/new.yaml", "title: New\ndate: 2027-03-02\ntags: [b]\nlanguages: [en]\nbody: Text.\n")
    newsroom.run("-q", "--format", "html", "--format", "email")
    left = after

    def stop(_: str) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1

    with pytest.raises(KeyboardInterrupt):
        publish.run(site, str(public), dry_run=False, tell=stop)
    assert reachable(public) == set()
    publish.run(site, str(public), dry_run=False, tell=lambda _: None)
    assert content(public) == content(site)


def test_a_manifest_cannot_lead_out_of_the_address(newsroom: Room) -> None:
    victim = newsroom.write("victim.txt", "mine")
    newsroom.write(f"public/{publish.MANIFEST}", json.dumps({"files": {"../victim.txt": "x", str(victim): "x"}}))
    assert newsroom.run("publish", "public").code == 0
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("output/site", "lies in the folder that is to be published"),
        ("output/site/sub", "lies in the folder that is to be published"),
        ("gs://bucket/x", "gs:// needs a library that is not installed: pip install 'communique[gs]'"),
        ("nosuch://x/y", "nosuch://x/y cannot be used"),
        ("file:///", "is the top of a disk"),
        ("/", "/ holds the newsroom's own files"),
        (".", ". holds the newsroom's own files"),
        ("releases/good", "releases/good holds the newsroom's own files"),
        ("good", "good is a release; publish takes an address, and sends all that is public"),
    ],
)
def test_a_wrong_address_is_told_with_exit_2(newsroom: Room, url: str, told: str) -> None:
    if url.startswith("gs:"):
        try:
            import gcsfs  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("gcsfs is installed")
    done = newsroom.run("publish", url)
    assert (done.code, done.out) == (2, [])
    assert told in done.err[0]


def test_there_must_be_something_to_publish(room: Room) -> None:
    done = room.run("publish", "public")
    assert done.code == 2
    assert "has nothing to publish: build first" in done.err[0]


def test_a_damaged_manifest_is_told(newsroom: Room) -> None:
    newsroom.write(f"public/{publish.MANIFEST}", "{")
    done = newsroom.run("publish", "public")
    assert done.code == 1
    assert "is damaged; delete it there" in done.err[0]


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda _: (fsspec.filesystem("memory"), "/x"))
    assert publish.Address("sftp://me:secret@host/x").shown == "sftp://host/x"


def test_an_object_store_is_told_the_media_types(newsroom: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for s3fs, whose calls are written down; no bucket is asked."""
    import fsspec

    calls: dict[str, str] = {}

    class Store:
        def invalidate_cache(self) -> None:
            pass

        def cat_file(self, path: str) -> bytes:
            raise FileNotFoundError(path)

        def pipe_file(self, path: str, data: bytes, ContentType: str) -> None:  # noqa: N803
            if path.endswith("en/good/index.html"):
                raise PermissionError(13, "Access denied")
            calls[path] = ContentType

    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda _: (Store(), "bucket/press"))
    with pytest.raises(InputError, match="cannot be written: Access denied"):
        publish.run(newsroom.path / "output/site", "s3://bucket/press", dry_run=False, tell=lambda _: None)
    assert all(path.startswith("bucket/press/") for path in calls)
    assert calls["bucket/press/assets/site.css"] == "text/css; charset=utf-8"
    assert calls["bucket/press/en/good/good.en.png"] == "image/png"
