"""Only what changed is built, and whatever happens the next build ends as a clean one would."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from communique import engine, inventory, journal, pdf, press, rendering, search, source
from communique.catalog import Translator
from communique.engine import Tools
from communique.errors import InputError, Problem
from communique.executors import Inline, LostWorkerError
from communique.intake import Request
from communique.jobs import Entry, Job, Result
from communique.keeper import Outcome
from communique.reader import Reader, in_memory
from communique.templates import Templates
from conftest import ROOT, SHARED, SMALL, Room, copy

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Beside(Inline):
    """Leaves a core to the caller while one release is made: what the release will change is looked at meanwhile."""

    width = 2


def tools(executor: object = None) -> Tools:
    """Return the program's own tools, with another executor if one is given."""

    return Tools(press.Press, source.find_among, press.CARRIED, executor or (lambda maker, _: Beside(maker)))  # type: ignore[arg-type]


def build(room: Room, output: str = "output", executor: object = None, **request: object) -> Outcome:
    wanted = Request(**{"now": NOON, **request})  # type: ignore[arg-type]
    return engine.build(room.path, room.path / output, wanted, lambda: tools(executor), lambda: None)


def content(folder: Path) -> dict[str, bytes]:
    """Return what an output folder holds, without the journal."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and ".build" not in p.parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def age(room: Room) -> None:
    """Wait until the times of files are old enough to be trusted."""
    youngest = max(file.hint[2] for file in inventory.scan(room.path).values())
    time.sleep(max(0.0, (youngest + inventory.RACY_NS - time.time_ns()) / 1e9 + 0.05))


def assert_clean(room: Room, **request: object) -> None:
    """What stands in output is what a build from nothing makes."""
    shutil.rmtree(room.path / "clean", ignore_errors=True)
    build(room, "clean", **request)
    assert content(room.path / "output") == content(room.path / "clean")


# --- nothing changed ---


def test_nothing_changed_makes_nothing_and_imports_no_renderer(room: Room) -> None:
    build(room)
    age(room)
    build(room)

    def never() -> Tools:
        raise AssertionError("the first look should have settled it")

    outcome = engine.build(room.path, room.path / "output", Request(now=NOON), never, lambda: None)
    assert (outcome.made, outcome.standing) == ([], 20)
    # A process of its own finds that, too.
    done = room.run(env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.out == ["Everything is up to date: 20 files in output."]
    imported = {line.split()[-1] for line in done.err if line.startswith("import time:")}
    assert "communique.engine" in imported
    assert not imported & {"weasyprint", "jinja2", "markdown", "babel", "PIL", "yaml", "fsspec", "zipfile", "pagefind"}


def test_touching_files_or_checking_them_out_anew_makes_nothing(room: Room) -> None:
    build(room)
    for file in inventory.scan(room.path).values():
        if file.place.startswith(str(room.path)):
            os.utime(file.place)
    assert build(room).made == []
    moved = room.path / "releases"
    shutil.copytree(moved, room.path / "copy")
    shutil.rmtree(moved)
    (room.path / "copy").rename(moved)
    assert build(room).made == []


def test_an_edit_of_the_same_size_within_the_same_second_is_noticed(room: Room) -> None:
    path = room.path / "releases/good.yaml"
    build(room)
    times = path.stat()
    room.edit("releases/good.yaml", "Everything is right", "Everything is fine!")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "press/good/good.en.pdf" in build(room).made
    assert_clean(room)


def test_problems_and_held_back_languages_are_told_again_when_nothing_changed(room: Room) -> None:
    room.write("releases/bad.yaml", "title: A\ndate: soon\nbody: Text.\n")
    room.write("releases/half.yaml", "title: B\ndate: 2026-03-02\nbody: Text.\n")
    first = build(room)
    age(room)
    for _ in range(2):
        again = build(room)
        assert (again.made, list(again.problems)) == ([], list(first.problems))
        held = [(s.release, s.language) for s in again.standings if s.state == "held back"]
        assert held == [("half", "ko")]


# --- one thing changed ---


def test_a_change_makes_only_what_used_it(samples: Room) -> None:
    shutil.copytree(ROOT / "templates", samples.path / "templates")
    valley, three = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"
    now = {"now": datetime(2026, 11, 23, tzinfo=UTC)}
    build(samples, **now)

    def changed(path: str, old: str, new: str) -> set[str]:
        samples.edit(path, old, new)
        # The search index has files of its own names.
        made = [name for name in build(samples, **now).made if not name.startswith("site/assets/search/")]
        return {Path(name).name if name.startswith("press/") else name for name in made}

    # A comment changes no text.
    assert changed(f"releases/{valley}.yaml", "city: Sejong", "# a note\ncity: Sejong") == set()
    # One word of a translation: that language of that release, on paper, in mail and on the page.
    french = f"locales/fr/LC_MESSAGES/{valley}.po"
    assert changed(french, "L’accord tient en quatre points.", "L’accord compte quatre points.") == {
        *(f"{valley}.fr.{kind}" for kind in ("pdf", "json", "html", "txt", "eml")),
        "SHA256SUMS",
        f"site/fr/{valley}/index.html",
        f"site/fr/{valley}/{valley}.fr.pdf",
        f"site/fr/{valley}/{valley}.fr.txt",
        f"site/packs/{valley}.zip",
        # Feeds have the full text.
        *(f"site/fr/{place}feed.xml" for place in ("", "tag/cosmetics/", "tag/france/")),
    }
    # The page's template: pages alone.
    assert changed("templates/web/release.html.j2", "<body>", '<body class="a">') == {
        f"site/{language}/{id_}/index.html" for language in ("ko", "en", "fr") for id_ in (valley, three)
    }
    # The layout of Korean paper: Korean PDFs and the messages that carry them.
    assert {name.split(".", 1)[-1] for name in changed("templates/print/bodo.css", "11.5pt", "11.4pt")} == {
        "ko.pdf",
        "ko.eml",
        "SHA256SUMS",
        "zip",
    }
    # A print template whose page comes out the same makes no PDF.
    assert changed("templates/print/base.html.j2", "{# What every", "{# That every") == set()
    # The style of the pages is one file.
    assert changed("templates/web/site.css.j2", "max-width: 72rem", "max-width: 70rem") == {"site/assets/site.css"}
    assert_clean(samples, **now)


def test_an_embargo_that_passes_publishes_and_one_set_again_withdraws(room: Room) -> None:
    room.edit("releases/good.yaml", "date: 2026-03-02", "date: 2026-03-02\nembargo: 2026-03-02T13:00")
    assert not [path for path in content_after(room, "2026-03-02T11:59:00+00:00") if path.startswith("site/en")]
    assert [path for path in content_after(room, "2026-03-02T12:00:00+00:00") if path.startswith("site/en")]
    assert not [path for path in content_after(room, "2026-03-02T11:00:00+00:00") if path.startswith("site/en")]


def content_after(room: Room, now: str) -> dict[str, bytes]:
    age(room)
    build(room, now=datetime.fromisoformat(now))
    build(room, now=datetime.fromisoformat(now))
    return content(room.path / "output")


# --- any sequence of edits ---


class Newsroom(RuleBasedStateMachine):
    """After any edits, what stands in output/ equals a clean build, byte for byte.

    HTML and plain text stand for all formats: PDFs are made by the same traces, and would take hours.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(os.environ["COMMUNIQUE_TEST_FOLDER"]) / f"{time.time_ns()}"
        self.room = copy(SMALL, self.folder)
        for part in ("web", "mail", "print", "shared"):
            shutil.copytree(ROOT / "templates" / part, self.folder / "templates" / part)
        self.room.write("templates/fonts/fonts.css", "")
        self.now = NOON
        self.drafts = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def release(self, n: int) -> str:
        return f"releases/r{n}.yaml"

    @rule(n=st.integers(0, 2), word=st.sampled_from(["one", "two", "three"]), extra=st.sampled_from(
        ["", "status: draft", "status: retracted", "embargo: 2026-03-02T13:00", "languages: [en]", "together: true",
         "datum: wrong", "tags: [a]", "aliases: [old, r0]", "tags: [a, b]"]))  # fmt: skip
    def write(self, n: int, word: str, extra: str) -> None:
        self.room.write(self.release(n), f"title: Title {word}\ndate: 2026-03-02\nbody: Text {word}.\n{extra}\n")

    @rule(n=st.integers(0, 2))
    def remove(self, n: int) -> None:
        (self.folder / self.release(n)).unlink(missing_ok=True)

    @rule(n=st.integers(0, 2))
    def rename(self, n: int) -> None:
        path = self.folder / self.release(n)
        if path.is_file():
            path.replace(self.folder / self.release((n + 1) % 3))

    @rule(n=st.integers(0, 2))
    def touch(self, n: int) -> None:
        if (self.folder / self.release(n)).is_file():
            os.utime(self.folder / self.release(n))

    @rule(n=st.integers(0, 2), word=st.sampled_from(["one", "two"]), state=st.sampled_from(["good", "fuzzy", "broken"]))
    def translate(self, n: int, word: str, state: str) -> None:
        flag = "#, fuzzy\n" if state == "fuzzy" else ""
        end = '"' if state != "broken" else ""
        self.room.write(
            f"locales/ko/LC_MESSAGES/r{n}.po",
            f'{flag}msgid "Title {word}"\nmsgstr "제목 {word}{end}\n\nmsgid "Text {word}."\nmsgstr "글 {word}."\n',
        )

    @rule(
        name=st.sampled_from(
            [
                "web/release.html.j2",
                "web/list.html.j2",
                "web/feed.xml.j2",
                "mail/release.txt.j2",
                "mail/release.html.j2",
                "mail/mail.css",
            ]
        ),
        number=st.integers(0, 1),
    )
    def design(self, name: str, number: int) -> None:
        text = (ROOT / "templates" / name).read_text("utf-8")
        mark = f"/* {number} */" if name.endswith(".css") else f"<i>{number}</i>{{% include 'part.html.j2' %}}"
        self.room.write(f"templates/{name}", text + mark)
        self.room.write("templates/part.html.j2", "part 0")

    @rule(number=st.integers(0, 2))
    def include(self, number: int) -> None:
        self.room.write("templates/part.html.j2", f"part {number}")

    @rule(name=st.sampled_from(["Office of Examples", "Another Office"]))
    def setting(self, name: str) -> None:
        self.room.write(
            "newsroom.yaml", (SMALL / "newsroom.yaml").read_text("utf-8").replace("Office of Examples", name)
        )

    @rule(hour=st.integers(10, 14))
    def clock(self, hour: int) -> None:
        self.now = NOON.replace(hour=hour)

    @rule()
    def toggle_drafts(self) -> None:
        self.drafts = not self.drafts

    @rule(n=st.integers(0, 2))
    def build_one(self, n: int) -> None:
        if (self.folder / self.release(n)).is_file():
            self.make("output", ids=(f"r{n}",), formats=("email",), languages=("en",))

    @rule()
    def lose_an_output(self) -> None:
        files = [p for p in sorted((self.folder / "output/press").rglob("*.txt")) if p.is_file()]
        if files:
            files[0].unlink()

    def make(self, output: str, **request: object) -> Outcome:
        # A clean build looks at nothing before its turn.
        executor = without_pdf(Beside if output == "output" else Inline)
        made: Outcome = build(self.room, output, executor=executor, now=self.now, drafts=self.drafts, **request)
        return made

    @invariant()
    def equals_a_clean_build(self) -> None:
        told = self.make("output")
        shutil.rmtree(self.folder / "clean", ignore_errors=True)
        clean = self.make("clean")
        assert content(self.folder / "output") == content(self.folder / "clean")
        assert set(told.problems) == set(clean.problems)
        assert set(told.standings) >= {s for s in clean.standings if s.state != "public"}
        assert told.standing == clean.standing


def without_pdf(kind: type[Inline]) -> Callable[[engine.Maker, int], Inline]:
    """Return what makes an executor in this process that takes the page for the PDF."""

    def executor(maker: engine.Maker, _: int) -> Inline:
        assert isinstance(maker, press.Press)
        maker.studio.printer.print = lambda page, *_: page.encode()  # type: ignore[method-assign, assignment, misc]
        return kind(maker)

    return executor


def test_any_sequence_of_edits_ends_as_a_clean_build_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setenv("COMMUNIQUE_TEST_FOLDER", str(tmp_path))
    # The index is made by another program, which takes longer to start than all the rest; it has tests of its own.
    monkeypatch.setattr(search, "is_installed", lambda: False)
    # The newsroom of these edits has no fonts.
    monkeypatch.setattr(rendering.cards, "draw", lambda release, _: release.title.encode())
    run_state_machine_as_test(
        Newsroom,
        settings=settings(
            max_examples=int(os.environ.get("COMMUNIQUE_EXAMPLES", "12")),
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# --- kills, failures, other builds ---


@pytest.mark.slow
def test_a_build_killed_at_any_moment_leaves_whole_files_and_the_next_one_is_right(samples: Room) -> None:
    now = "2026-11-23T12:00"
    samples.run("--now", now, "--output", "clean", "--quiet")
    clean = content(samples.path / "clean")
    chance = random.Random(20261123)
    command = [sys.executable, str(ROOT / "build.py"), "--now", now, "--quiet"]
    for _ in range(6):
        process = subprocess.Popen(command, cwd=samples.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 2.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = content(samples.path / "output")
        assert {path: clean.get(path) for path in found} == found
    done = samples.run("--now", now, "--quiet")
    assert done.code == 0, done.err
    assert content(samples.path / "output") == clean


def test_a_crash_between_write_and_record_is_made_good(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    build(room)
    room.edit("releases/good.yaml", "Everything is right", "All is well")
    save = journal.Journal.save

    def crash(self: journal.Journal, id_: str, record: journal.Record | None, *entries: object) -> None:
        if record and record.judged:
            raise MemoryError
        save(self, id_, record, *entries)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(journal.Journal, "save", crash)
        with pytest.raises(MemoryError):
            build(room)
    room.edit("releases/good.yaml", "All is well", "Everything is right")
    build(room)
    assert_clean(room)


def test_a_full_disk_is_told_and_made_good_later(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if data.startswith(b"%PDF"):
            raise OSError(28, "No space left on device")
        return real(self, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        outcome = build(room)
    assert [p.message for p in outcome.problems] == ["cannot be written: No space left on device"] * 4
    assert list(build(room).problems) == []
    assert_clean(room)


def test_a_second_build_waits_for_the_first(room: Room) -> None:
    waited: list[bool] = []
    output = room.path / "output"
    with journal.opened(output, lambda: None):
        second = journal.opened(output, lambda: waited.append(True), patience=0.2)
        with pytest.raises(InputError, match="another build is still at work"):
            second.__enter__()
    assert waited == [True]
    with journal.opened(output, lambda: waited.append(True)):
        pass
    assert waited == [True]


@pytest.mark.parametrize("damage", ["garbage", "other format"])
def test_a_damaged_journal_is_made_anew(room: Room, damage: str) -> None:
    build(room)
    path = room.path / "output/.build/journal.sqlite"
    if damage == "garbage":
        for leftover in path.parent.glob("journal.sqlite-*"):
            leftover.unlink()
        path.write_bytes(b"not a database" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    assert build(room).standing == 20
    assert_clean(room)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE release SET summary = 'x'",
        "UPDATE release SET record = x'00'",
        "UPDATE entry SET entry = '[]'",
        "UPDATE entry SET content = x'00'",
        "UPDATE state SET value = '{'",
        "UPDATE inputs SET files = 'x'",
        "",
    ],
)
def test_a_journal_that_is_damaged_inside_is_told_once_and_made_anew(room: Room, damage: str) -> None:
    build(room)
    path = room.path / "output/.build/journal.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(damage or "PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    if not damage:
        data = bytearray(path.read_bytes())
        data[4096:-100] = random.Random(1).randbytes(len(data) - 4196)
        path.write_bytes(data)
    with pytest.raises(InputError, match=r"journal.sqlite: was damaged: .*; delete .*output and build again"):
        build(room, force=True)
    build(room)
    assert_clean(room)


@pytest.mark.parametrize("name", ["lock.sqlite", "journal.sqlite"])
@pytest.mark.parametrize("what", ["a folder", "garbage"])
def test_whatever_stands_where_the_journal_and_its_lock_belong_is_told(room: Room, name: str, what: str) -> None:
    path = room.path / "output/.build" / name
    path.parent.mkdir(parents=True)
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"not a database" * 100)
    done = room.run("--quiet")
    told = {
        ("lock.sqlite", "a folder"): [".build: cannot be written: unable to open database file"],
        ("lock.sqlite", "garbage"): ["lock.sqlite: is damaged: file is not a database; delete it"],
        ("journal.sqlite", "a folder"): ["journal.sqlite: cannot be written: unable to open database file"],
        ("journal.sqlite", "garbage"): [],
    }[name, what]
    lines = [line.partition("output/")[2].removeprefix(".build/") for line in done.err]
    assert (done.code, lines) == (int(bool(told)), told)


def test_an_archive_of_more_sets_of_files_than_are_kept_at_hand_is_judged_alike(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT_INPUTS", 1)
    two(room)
    assert len(build(room).made) > 20
    assert build(room).made == []
    room.edit("releases/later.md", "later", "very late")
    made = [path for path in build(room).made if not SHARED.fullmatch(path)]
    assert made
    assert [path for path in made if "later" not in path] == []
    assert_clean(room)


class Meddling(Inline):
    """Does something when it has its first job, while the other releases' files are yet to be read."""

    def __init__(self, maker: Any, meddle: Callable[[], object]) -> None:
        super().__init__(maker)
        self.meddle = [meddle]

    def submit(self, job: Job) -> Future[Result]:
        while self.meddle:
            self.meddle.pop()()
        return super().submit(job)


def two(room: Room) -> Path:
    """Add a release that is made after the other one, build both, and make both due."""
    room.write("releases/later.yaml", "title: Later\ndate: 2026-03-02\n")
    text = room.write("releases/later.md", "It is later.\n")
    build(room)
    room.edit("releases/good.yaml", "Everything is right", "All is well")
    room.edit("releases/later.yaml", "title: Later", "title: Much later")
    return text


def test_what_is_changed_and_changed_back_during_a_build_does_not_stay_published(room: Room) -> None:
    text = two(room)
    before = text.read_text()

    def change() -> None:
        text.write_text("It is something else.\n")

    build(room, executor=lambda maker, _: Meddling(maker, change))
    assert "something else" in (room.path / "output/site/en/later/index.html").read_text()
    text.write_text(before)
    build(room)
    assert_clean(room)


def test_a_file_that_is_gone_for_a_moment_takes_nothing_down(room: Room) -> None:
    text = two(room)
    before = content(room.path / "output/site/en/later")
    aside = text.with_name("aside")
    outcome = build(room, executor=lambda maker, _: Meddling(maker, lambda: text.rename(aside)))
    assert [str(problem) for problem in outcome.problems] == [
        "releases/later.md: has gone while it was read: No such file or directory; build again"
    ]
    assert content(room.path / "output/site/en/later") == before
    aside.rename(text)
    assert list(build(room).problems) == []
    assert_clean(room)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C gets there by other means")
def test_ctrl_c_is_heard_while_another_build_is_waited_for(room: Room) -> None:
    with journal.opened(room.path / "output", lambda: None):
        command = [sys.executable, str(ROOT / "build.py")]
        process = subprocess.Popen(command, cwd=room.path, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        assert "another build is at work" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=5)
    assert (process.returncode, told) == (130, "communique: stopped; what was finished is kept\n")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_part_of_the_output_may_be_on_another_disk(room: Room) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        if os.stat(other).st_dev == room.path.stat().st_dev:  # noqa: PTH116
            pytest.skip("needs a second file system")
        (room.path / "output").mkdir()
        (room.path / "output/site").symlink_to(other)
        assert list(build(room).problems) == []
        build(room, "clean")
        assert content(Path(other)) == content(room.path / "clean/site")


class Losing:
    """An executor that loses each job."""

    width = 1

    def submit(self, job: Job) -> Future[Result]:
        future: Future[Result] = Future()
        future.set_exception(LostWorkerError("the process that made it died"))
        return future

    def stop(self) -> None:
        pass


def test_a_lost_worker_costs_its_release_and_the_old_files_stay(room: Room) -> None:
    build(room)
    before = content(room.path / "output")
    room.edit("releases/good.yaml", "Everything is right", "All is well")
    outcome = build(room, executor=lambda *_: Losing())
    assert [str(p) for p in outcome.problems] == [
        "releases/good.yaml: could not be made: the process that made it died; build again; if it stays, report it"
    ]
    assert content(room.path / "output") == before
    build(room)
    assert_clean(room)


# --- what is foreseen while a release is made ---


@pytest.fixture
def shelved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of entries that pages of several releases were asked for with, one for each time."""
    asked: list[int] = []
    shelve = press.Press.shelve

    def counted(self: press.Press, entries: list[Entry], *rest: Any) -> Result:
        asked.append(len(entries))
        return shelve(self, entries, *rest)

    monkeypatch.setattr(press.Press, "shelve", counted)
    return asked


def test_pages_of_several_releases_are_made_while_the_one_that_changes_them_is(room: Room, shelved: list[int]) -> None:
    build(room)
    shelved.clear()
    room.edit("releases/good.yaml", "Everything is right", "All is well")
    build(room)
    assert len(shelved) == 1
    assert "All is well" in room.read("output/site/en/feed.xml")
    shelved.clear()
    room.write("releases/new.yaml", "title: New\ndate: 2026-03-02\nbody: Text.\nlanguages: [ko, en]\n")
    room.write("locales/ko/LC_MESSAGES/new.po", 'msgid "New"\nmsgstr "새로"\n\nmsgid "Text."\nmsgstr "글."\n')
    build(room)
    assert len(shelved) == 1
    assert "새로" in room.read("output/site/ko/feed.xml")
    assert_clean(room)


def test_a_file_that_fails_though_it_was_foreseen_is_led_to_by_no_page(
    room: Room, shelved: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(room)
    shelved.clear()
    room.edit("releases/good.yaml", "Everything is right", "All is well")

    def fail(*_: object) -> bytes:
        raise InputError(Problem("releases/good.yaml", 0, "cannot be printed"))

    monkeypatch.setattr(pdf.Printer, "print", fail)
    outcome = build(room)
    assert [p.message for p in outcome.problems] == ["cannot be printed"]
    assert len(shelved) == 2
    assert not list((room.path / "output").rglob("*.pdf"))
    shutil.rmtree(room.path / "clean", ignore_errors=True)
    build(room, "clean", executor=lambda maker, _: Inline(maker))
    assert content(room.path / "output") == content(room.path / "clean")


def test_a_fault_while_looking_ahead_costs_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    build(room)
    room.edit("releases/good.yaml", "Everything is right", "All is well")
    work = press.Press.work

    def fail(self: press.Press, job: Job) -> Result:
        if job.foreseen:
            raise RuntimeError("a fault of the program")
        return work(self, job)

    monkeypatch.setattr(press.Press, "work", fail)
    assert not build(room).problems.serious
    assert_clean(room)


# --- what is known of the templates ---


def test_words_that_a_template_gains_are_found_though_those_before_were_kept(room: Room) -> None:
    shutil.copytree(ROOT / "templates", room.path / "templates")
    assert not [s for s in build(room).standings if s.because]
    text = room.read("templates/mail/release.txt.j2")
    room.write("templates/mail/release.txt.j2", text + '{{ _("Words that no catalog has") }}\n')
    outcome = build(room)
    assert [(s.language, s.state) for s in outcome.standings if s.because] == [("ko", "held back")]
    assert_clean(room)


def rendered(recipe: str, source: str, compiled: list[str]) -> str:
    """Return what a template of one line says to a process that knows nothing yet, and note whether it is compiled."""
    templates = Templates(Reader(in_memory({"templates/a.txt.j2": source.encode()})), {}, recipe)
    compile_ = templates.environment.compile

    def counted(text: str, *rest: Any, **more: Any) -> Any:
        compiled.append(text)
        return compile_(text, *rest, **more)

    templates.environment.compile = counted  # type: ignore[method-assign]
    return templates.render("a.txt.j2", Translator())


def test_a_template_is_compiled_once_for_all_processes_of_one_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    compiled: list[str] = []
    for recipe, said in (("a", "one"), ("a", "one"), ("a", "two"), ("b", "two"), ("b", "two")):
        assert rendered(recipe, said, compiled) == said
    assert compiled == ["one", "two", "two"]
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    for file in folder.iterdir():
        file.write_bytes(b"damaged")
    assert rendered("b", "two", compiled) == "two"
    assert len(compiled) == 4


def test_templates_are_rendered_where_no_temporary_file_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert rendered("a", "one", []) == "one"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rendered("a", "one", [])
    (folder,) = tmp_path.iterdir()
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda **_: os.open(folder / "no/such", os.O_RDONLY))
    assert rendered("b", "one", []) == "one"


# --- Ctrl-C ---


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a group of processes gets Ctrl-C by other means there")
@pytest.mark.parametrize("after", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
def test_ctrl_c_while_a_pool_is_being_loaded_says_no_more_than_that(samples: Room, after: float) -> None:
    command = [sys.executable, str(ROOT / "build.py"), "--jobs", "2", "--quiet"]
    process = subprocess.Popen(
        command, cwd=samples.path, stderr=subprocess.PIPE, text=True, start_new_session=True, env=os.environ
    )
    while not (samples.path / "output/.build/journal.sqlite").exists():
        time.sleep(0.01)
    time.sleep(after)
    # A terminal's Ctrl-C goes to all processes.
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert (process.returncode, told) == (130, "communique: stopped; what was finished is kept\n")


@pytest.mark.slow
def test_ctrl_c_stops_within_a_second_and_keeps_what_is_done(room: Room) -> None:
    for number in range(40):
        room.write(f"releases/r{number:02}.yaml", f"title: T{number}\ndate: 2026-03-02\nbody: Text {number}.\n")
    command = [sys.executable, str(ROOT / "build.py"), "--now", "2026-03-02T13:00"]
    process = subprocess.Popen(command, cwd=room.path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[3/"):
            break
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert time.monotonic() - begun < 1.5  # a second, and what a loaded machine adds
    assert process.returncode == 130
    assert "communique: stopped; what was finished is kept" in told
    kept = content(room.path / "output")
    assert len(kept) >= 3
    outcome = build(room)
    assert len(outcome.made) - len(outcome.shelved) < 20 + 40 * 11
