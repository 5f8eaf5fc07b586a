"""What the tests share: newsrooms in temporary folders, driven by the command line as a user does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import node_tools
from mailserver import free_port

ROOT = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "newsroom"
VALLEY = "2023-11-21-cosmetic-valley"
#: Of a list of recipients.
HEADER = "email,name,language,outlet,topics,embargo\n"

# A shell that runs tests in the background has them ignore Ctrl-C, and all that they start as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Run:
    """What a command did: exit code, and its two streams as lists of lines."""

    code: int
    out: list[str]
    err: list[str]


@dataclass(frozen=True)
class Room:
    """A newsroom's folder and the command line in it."""

    path: Path

    def run(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None, umask: int = -1) -> Run:
        command = [sys.executable, str(ROOT / "build.py"), *arguments]
        done = subprocess.run(
            command,
            cwd=self.path,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            umask=umask,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Run(done.returncode, done.stdout.splitlines(), done.stderr.splitlines())

    def write(self, path: str, text: str) -> Path:
        place = self.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.path / path).read_text("utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def read(self, path: str) -> str:
        return (self.path / path).read_text("utf-8")

    def files(self, under: str = "output") -> list[str]:
        base = self.path / under
        paths = (p.relative_to(base).as_posix() for p in base.rglob("*") if p.is_file())
        return sorted(path for path in paths if ".build" not in path.split("/"))

    def own_files(self) -> list[str]:
        """Return the files of output/ that are one release's own: no front page, feed or style."""
        return [path for path in self.files() if not SHARED.fullmatch(path)]


#: Files of output/site that show several releases, or that all pages share.
SHARED = re.compile(
    r"site/(?:[^/]+\.(?:html|txt|xml)|assets/.+|\w\w/(?:index\.html|feed\.xml|(?:archive|tag|search)/.+))"
)


def copy(source: Path, target: Path) -> Room:
    """Return a copy of a newsroom; its templates are the program's own."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("newsroom.yaml", "releases", "locales"):
        place = source / name
        if place.is_dir():
            shutil.copytree(place, target / name)
        else:
            shutil.copy(place, target / name)
    return Room(target)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A small newsroom in Korean and English with one good release."""
    return copy(SMALL, tmp_path / "room")


@pytest.fixture
def samples(tmp_path: Path) -> Room:
    """The sample newsroom, not built."""
    return copy(ROOT, tmp_path / "samples")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The sample newsroom, built; tests only read it."""
    made = copy(ROOT, tmp_path_factory.mktemp("built"))
    done = made.run("--now", "2026-11-23T12:00")
    assert done.code == 0, done.err
    return made


@dataclass(frozen=True)
class Office:
    """A built newsroom whose newsroom.yaml names a mail server on this machine."""

    room: Room
    port: int

    def send(self, *arguments: str, people: Iterable[str] = (), code: int = 0, **environment: str) -> Run:
        """Run send for the first sample release to a list of rows, and hold it to its exit code."""
        rows = list(people)
        if rows:
            self.room.write("journalists.csv", HEADER + "".join(f"{row}\n" for row in rows))
        lists = ("--list", "journalists.csv") if rows else ()
        ids = () if any(word.startswith("20") for word in arguments) else (VALLEY,)
        done = self.room.run("send", *ids, *lists, *arguments, env=environment)
        assert done.code == code, (done.out, done.err)
        return done

    def smtp(self, settings: str) -> None:
        """Put another smtp: into newsroom.yaml, and build."""
        text = self.room.read("newsroom.yaml")
        self.room.write("newsroom.yaml", re.sub(r"smtp: .*\n", f"smtp: {{{settings}}}\n", text))
        self.build()

    def build(self) -> None:
        done = self.room.run("-q")
        assert done.code == 0, done.err

    def ledger(self) -> dict[str, tuple[int, str, str]]:
        """Return version, state and words by recipient, as the backup has them, which agrees with the database."""
        lines = self.room.read("sent/ledger.jsonl").splitlines()
        kept = [row for row in map(json.loads, lines) if "list" not in row]
        with sqlite3.connect(self.room.path / "sent/ledger.sqlite") as database:
            rows = database.execute("SELECT version, recipient, state, words FROM delivery").fetchall()
        database.close()
        assert sorted(rows) == sorted((r["version"], r["recipient"], r["state"], r["words"]) for r in kept)
        return {row["recipient"]: (row["version"], row["state"], row["words"]) for row in kept}

    def states(self) -> dict[str, str]:
        return {who: state for who, (_, state, _) in self.ledger().items()}


@pytest.fixture(scope="session")
def office_once(tmp_path_factory: pytest.TempPathFactory) -> Office:
    port = free_port()
    room = copy(ROOT, tmp_path_factory.mktemp("office") / "room")
    settings = f"host: 127.0.0.1, port: {port}, security: none, sender: press@example.org"
    room.write("newsroom.yaml", room.read("newsroom.yaml") + f"smtp: {{{settings}}}\n")
    done = room.run("-q")
    assert done.code == 0, done.err
    return Office(room, port)


@pytest.fixture
def office(office_once: Office, tmp_path: Path) -> Office:
    shutil.copytree(office_once.room.path, tmp_path / "room")
    return Office(Room(tmp_path / "room"), office_once.port)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="keep pictures and outlines of pages anew (tests/pages/)")


@pytest.fixture
def renew(request: pytest.FixtureRequest) -> bool:
    """Whether what a test compares with is to be kept anew."""
    return bool(request.config.getoption("--renew"))


def needs(*programs: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Skip a test, and say why, on a machine that lacks a program."""
    lacking = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(lacking), reason=f"not on this machine: {', '.join(lacking)}")


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder of other people's checkers that npm has."""
    try:
        return node_tools.folder() / "node_modules"
    except node_tools.MissingError as missing:
        pytest.skip(str(missing))
