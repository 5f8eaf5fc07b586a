"""The command line: wires the stages together; alone prints and exits."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import NoReturn

from communique import engine, plan, press, report, scaffold, schema, source
from communique.errors import InputError, Problems, UsageError, nearest
from communique.model import LANGUAGES, Newsroom, fold
from communique.plan import FORMATS, Edition, State
from communique.reader import Reader
from communique.templates import Templates

OK, PROBLEMS, USAGE, INTERRUPTED = 0, 1, 2, 130


class _Version(argparse.Action):
    """Looks the version up when it is asked for: reading the package's metadata takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"communique {version('communique')}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--root", type=Path, default=Path(), metavar="DIR", help="the newsroom's folder (default: here)"
    )
    loudness = common.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="tell problems only")
    loudness.add_argument("-v", "--verbose", action="store_true", help="name every file")
    top = argparse.ArgumentParser(
        prog="communique", description="Press releases: written once, published in three languages."
    )
    top.add_argument("--version", action=_Version, nargs=0, help="tell the program's version")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    build = verbs.add_parser("build", parents=[common], help="make the web pages, PDFs and mails (the default)")
    build.add_argument("ids", nargs="*", metavar="ID", help="only these releases")
    build.add_argument("--language", action="append", choices=LANGUAGES, help="only this language; may be repeated")
    build.add_argument("--format", action="append", choices=FORMATS, help="only this format; may be repeated")
    build.add_argument("--jobs", type=_positive, default=1, metavar="N", help="processes at work")
    build.add_argument("--force", action="store_true", help="make everything anew")
    build.add_argument(
        "--drafts", action="store_true", help="drafts and incomplete languages too, into output/press only"
    )
    build.add_argument("--strict", action="store_true", help="a language that is held back is an error")
    build.add_argument("--output", type=Path, metavar="DIR", help="instead of output/")
    build.add_argument("--now", metavar="INSTANT", help="build as of this instant: 2026-12-01T09:00+09:00")

    check = verbs.add_parser("check", parents=[common], help="tell every problem of the input, without rendering")
    check.add_argument("ids", nargs="*", metavar="ID", help="only these releases")
    check.add_argument("--strict", action="store_true", help="a language that is held back is an error")

    new = verbs.add_parser("new", parents=[common], help="write a release to start from")
    new.add_argument("--title", help="the headline")
    new.add_argument("--date", help="the day of issue: 2026-11-23")
    new.add_argument("--language", choices=LANGUAGES, help="the language it is written in")
    new.add_argument("--id", help="the release's ID (default: made of the day and the headline)")
    return top


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be 1 or more, not '{text}'")
    return int(text)


def _with_verb(arguments: Sequence[str]) -> list[str]:
    """Return the command line with its verb first: build unless another is named, --root before it or after."""
    rest = list(arguments)
    verbs = ("build", "check", "new")
    position = 0
    while position < len(rest):
        word = rest[position]
        if word in verbs:
            return [word, *rest[:position], *rest[position + 1 :]]
        if word in ("-h", "--help", "--version") and position == 0:
            return rest
        if not word.startswith("-"):
            break
        position += 2 if word == "--root" else 1
    return ["build", *rest]


@dataclass(frozen=True)
class _Opened:
    """A newsroom that was read: what the verbs start from."""

    reader: Reader
    newsroom: Newsroom | None
    templates: Templates
    editions: tuple[Edition, ...]
    problems: Problems


def _open(root: Path, ids: Iterable[str], now: str | None, *, drafts: bool = False) -> _Opened:
    """Read and judge a newsroom; raises UsageError for an unknown release or instant."""
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}")
    reader = Reader(root.resolve())
    loaded = source.load(reader, ids)
    for id_ in ids:
        if id_ not in loaded.known:
            raise UsageError("; ".join(filter(None, (f"there is no release '{id_}'", nearest(id_, loaded.known)))))
    problems = Problems()
    problems.extend(loaded.problems)
    templates = press.templates(reader)
    if loaded.newsroom is None:
        return _Opened(reader, None, templates, (), problems)
    try:
        words = templates.messages()
    except InputError as error:
        problems.extend(error.problems)
        return _Opened(reader, None, templates, (), problems)
    desk = plan.Desk(reader, loaded.newsroom, words, problems)
    at = _instant(now, loaded.newsroom.timezone)
    editions = tuple(e for r in loaded.releases for e in desk.editions(r, at, drafts=drafts))
    return _Opened(reader, loaded.newsroom, templates, editions, problems)


def _instant(text: str | None, zone: tzinfo) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return schema.moment(text, zone).at
    except ValueError as error:
        raise UsageError(f"--now '{text}' is no instant; {error}") from None


def _exit_code(problems: Problems, editions: Iterable[Edition], *, strict: bool) -> int:
    held = strict and any(e.state is State.HELD for e in editions)
    return PROBLEMS if len(problems) or held else OK


def _build(options: argparse.Namespace) -> int:
    opened = _open(options.root, options.ids, options.now, drafts=options.drafts)
    output = options.output or options.root / "output"
    _refuse_sources(output, opened.reader.root)
    if opened.newsroom is None:
        report.tell(opened.problems)
        return PROBLEMS
    languages, formats = options.language or LANGUAGES, options.format or FORMATS
    chosen = [
        replace(e, targets=tuple(t for t in e.targets if t.format in formats))
        for e in opened.editions
        if e.language in languages
    ]
    due = [e for e in chosen if e.targets]
    machine = press.Press(opened.reader, opened.newsroom, opened.templates)
    with report.progress(len(due), quiet=options.quiet, verbose=options.verbose) as on_done:
        outcome = engine.build(due, machine.render, output, on_done)
    if any(t.path.startswith("site/") for e in due for t in e.targets):
        engine.put(machine.assets(), output, outcome)
    engine.withdraw(plan.withdrawn(opened.editions), output, outcome)
    opened.problems.extend(outcome.problems)
    if not options.quiet:
        for line in report.summary(chosen, outcome, _shown(output)):
            print(line)
    report.tell(opened.problems)
    return _exit_code(opened.problems, chosen, strict=options.strict)


def _refuse_sources(output: Path, root: Path) -> None:
    """Refuse an output folder in which the newsroom's own files would be replaced or removed."""
    place = output.resolve()
    own = [root, *(root / name for name in ("releases", "templates", "locales", "src", "tests"))]
    if place in own or place in root.parents or any(place.is_relative_to(folder) for folder in own[1:]):
        raise UsageError(f"--output {output} holds the newsroom's own files")


def _shown(path: Path) -> str:
    """Return a path as a user of this folder would type it."""
    with contextlib.suppress(ValueError):
        return path.resolve().relative_to(Path.cwd()).as_posix()
    return str(path)


def _check(options: argparse.Namespace) -> int:
    opened = _open(options.root, options.ids, None)
    report.tell(opened.problems)
    held = [e for e in opened.editions if e.state is State.HELD]
    if not options.quiet:
        releases = {e.release.id for e in opened.editions}
        print(f"{len(releases)} releases can be built, with {len(opened.problems)} problems.")
        for edition in held:
            print(f"  held back: {edition.release.id} {edition.language}: {edition.because}")
    return _exit_code(opened.problems, held, strict=options.strict)


def _new(options: argparse.Namespace) -> int:
    opened = _open(options.root, (), None)
    if opened.newsroom is None:
        report.tell(opened.problems)
        return PROBLEMS
    newsroom = opened.newsroom
    today = datetime.now(newsroom.timezone).date().isoformat()
    title = fold(options.title or _ask("Headline"))
    if not title:
        raise UsageError("a release needs a headline")
    day = options.date or _ask("Day of issue", today)
    language = options.language or _ask(f"Language ({', '.join(newsroom.languages)})", newsroom.source_language)
    try:
        moment = schema.moment(day, newsroom.timezone)
    except ValueError as error:
        raise UsageError(f"'{day}' is no day; {error}") from None
    if language not in newsroom.languages:
        raise UsageError(f"'{language}' is not among newsroom.yaml's languages: {', '.join(newsroom.languages)}")
    if options.id and not scaffold.is_id(options.id):
        raise UsageError(f"'{options.id}' cannot be an ID: use small letters a-z, digits and hyphens")
    for path in scaffold.write(opened.reader.root, newsroom, title, moment.day, language, options.id or ""):
        print(_shown(path))
    return OK


def _ask(question: str, default: str = "") -> str:
    """Return an answer from the terminal; raises UsageError where there is nobody to ask."""
    print(f"{question}{f' [{default}]' if default else ''}: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError("new asks for headline, day and language; or give --title, --date and --language")
    return answer.strip() or default


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 gets escapes instead of an error.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    # What a build makes lives until its end: looking for garbage after every few hundred objects only costs time.
    gc.set_threshold(50_000, 20, 100)
    options = parser().parse_args(_with_verb(sys.argv[1:] if arguments is None else arguments))
    verbs = {"build": _build, "check": _check, "new": _new}
    try:
        return verbs[options.verb](options)
    except UsageError as error:
        print(f"communique: {error}", file=sys.stderr)
        return USAGE
    except InputError as error:
        report.tell(error.problems)
        return PROBLEMS
    except KeyboardInterrupt:
        print("communique: stopped; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEMS


def run() -> NoReturn:
    """Run the command line and exit: the console script and build.py."""
    sys.exit(main())
