"""What travels between the engine and those who render: a release to be made, and what came of it.

Everything here is plain data, so that a job can go to another process or another machine and come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from communique.errors import Problem


@dataclass(frozen=True)
class Shared:
    """The files that all releases use (newsroom.yaml, its pictures, catalogs of words, templates), with their digests.

    ``recipe`` stands for the program and the libraries that shape bytes. ``words`` are the templates' messages
    (:func:`communique.messages.packed`) where they are known, empty where they are to be found.
    """

    files: Mapping[str, bytes]
    digests: Mapping[str, str]
    recipe: str
    words: str = ""


@dataclass(frozen=True)
class Trace:
    """What a file was made of, and the digest of what came out.

    ``files`` has the digest of each file that was really used, ``subject`` that of all that a template was shown
    and of the recipe, ``page`` that of the HTML that a PDF was set from.
    """

    files: Mapping[str, str]
    subject: str
    output: str
    page: str = ""


@dataclass(frozen=True)
class Job:
    """One release to be made as of ``now``.

    ``files`` are its own, without those that are only copied; ``digests`` has all of them. ``traces`` are those of its
    outputs that are in place, ``kept`` the PDFs among them. What is not in ``languages`` and ``formats`` is judged,
    not made; where the job is only ``foreseen``, nothing is made, and all is taken to succeed.
    """

    id: str
    path: str
    files: Mapping[str, bytes]
    digests: Mapping[str, str]
    now: datetime
    drafts: bool
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    traces: Mapping[str, Trace]
    kept: Mapping[str, bytes]
    foreseen: bool = False


@dataclass(frozen=True)
class Standing:
    """How a release stands in one language, for telling: ``state`` is one of :class:`communique.plan.State`.

    ``embargo`` is the instant in ISO 8601, past ones included; empty where there is none.
    """

    release: str
    language: str
    state: str
    because: str = ""
    embargo: str = ""


@dataclass(frozen=True)
class Entry:
    """What front pages, feeds and the sitemap tell of a release that is out in one language.

    ``day`` is as readers write it, ``iso`` in ISO 8601; ``published`` and ``modified`` are instants in ISO 8601.
    ``picture`` is a file of the release's page with width and height (0 unknown), or empty. ``alternates`` are the
    languages that are out, ``content`` is the digest of the full text, ``pdf`` says whether the PDF is there.
    """

    release: str
    language: str
    title: str
    summary: str
    day: str
    iso: str
    published: str
    modified: str
    version: int
    retracted: bool
    source_language: str
    tags: tuple[str, ...]
    alternates: tuple[str, ...]
    aliases: tuple[str, ...]
    picture: tuple[str, int, int] | tuple[()]
    content: str
    pdf: bool

    @property
    def folder(self) -> str:
        """Where the release's page and its files lie, below output/."""
        return f"site/{self.language}/{self.release}"

    @property
    def order(self) -> tuple[str, str, str]:
        """What sorts entries by time: by day first, which their pages show."""
        return self.iso, self.published, self.release


@dataclass
class Result:
    """What came of a job: bytes of what was made, what is to be copied from where, and the traces of all that stands.

    ``planned`` are the paths that the release claims now, ``failed`` those of them that could not be made.
    ``problems`` are of its input, ``failures`` of rendering. ``entries`` are those of the editions whose pages stand,
    ``contents`` the full texts by language. ``passing`` says that the input does not explain the failures.
    """

    id: str
    standings: list[Standing] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failures: list[Problem] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)
    passing: bool = False

    def fail(self, path: str, *problems: Problem) -> None:
        """Note a file that could not be made, and why; what several files suffer from is told once."""
        self.failed.append(path)
        self.failures += [problem for problem in problems if problem not in self.failures]
