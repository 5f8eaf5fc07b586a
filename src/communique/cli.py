"""The command line: wires the stages together; alone prints and exits."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from communique import commandline, engine, executors, report, workers
from communique.commandline import FORMATS
from communique.engine import Maker, Tools
from communique.errors import InputError, Problems, UsageError
from communique.intake import Request
from communique.keeper import Outcome
from communique.letters import fold
from communique.model import LANGUAGES, Newsroom

if TYPE_CHECKING:
    from communique.survey import Survey

OK, PROBLEMS, USAGE, INTERRUPTED = 0, 1, 2, 130


def _root(options: argparse.Namespace) -> Path:
    root: Path = options.root.resolve()
    if not root.is_dir():
        raise UsageError(f"there is no folder {options.root}")
    return root


def _tools(options: argparse.Namespace, progress: report.Progress) -> Tools:
    """Return what the engine makes releases with; called only when something may be due, for it imports a lot."""
    dask = getattr(options, "dask", None)
    jobs = 1 if dask else options.jobs or executors.cores()
    printing = not {"pdf", "email"}.isdisjoint(options.format or FORMATS)
    # WeasyPrint is loaded on another core by the time that something is found to be due.
    warm = jobs > 1 and printing and workers.warm_up()
    from communique import press, source

    def executor(maker: Maker, due: int) -> executors.Executor:
        if dask:
            return executors.Dask(dask, press.Press, maker.shared)
        if jobs > 1 and due >= (1 if warm else executors.WORTH_A_POOL):
            return workers.Pool(jobs, due, press.Press, maker.shared)
        return executors.Inline(maker)

    return Tools(press.Press, source.find_among, press.CARRIED, executor, progress.start, progress.done)


def _now(options: argparse.Namespace, root: Path) -> datetime:
    """Return the instant to build as of; one without an offset is in the newsroom's timezone."""
    if options.now is None:
        return datetime.now(UTC)
    from communique import schema

    try:
        return schema.moment(options.now, _newsroom_zone(root)).at
    except ValueError as error:
        raise UsageError(f"--now '{options.now}' is no instant; {error}") from None


def _newsroom_zone(root: Path) -> tzinfo:
    newsroom = _newsroom(root, Problems())
    return newsroom.timezone if newsroom else UTC


def _newsroom(root: Path, problems: Problems) -> Newsroom | None:
    from communique import inventory, source
    from communique.reader import Reader, on_disk

    places = {path: file.place for path, file in inventory.scan(root).items()}
    return source.load_newsroom(Reader(on_disk(places)), problems)


def _exit_code(outcome: Outcome, languages: Iterable[str], *, strict: bool) -> int:
    held = strict and any(s.state == "held back" and s.language in languages for s in outcome.standings)
    return PROBLEMS if outcome.problems.serious or held else OK


def _build(options: argparse.Namespace) -> int:
    root = _root(options)
    output = options.output or options.root / "output"
    _refuse_sources(output, root, f"--output {output}")
    request = Request(
        now=_now(options, root),
        ids=tuple(dict.fromkeys(options.ids)),
        languages=tuple(dict.fromkeys(options.language or LANGUAGES)),
        formats=tuple(dict.fromkeys(options.format or FORMATS)),
        drafts=options.drafts,
        force=options.force,
    )
    progress = report.Progress(quiet=options.quiet, verbose=options.verbose)

    on_wait = report.waiting(f"another build is at work in {output}")
    try:
        outcome = engine.build(root, output, request, lambda: _tools(options, progress), on_wait)
    finally:
        progress.stop()
    if not options.quiet:
        for line in report.summary(outcome, _shown(output), request.languages):
            print(line)
    report.tell(outcome.problems)
    return _exit_code(outcome, request.languages, strict=options.strict)


def _refuse_sources(folder: Path, root: Path, given: str) -> None:
    """Refuse a folder to write into in which the newsroom's own files would be replaced or removed."""
    place = folder.resolve()
    own = [root, *(root / name for name in ("releases", "templates", "locales", "src", "tests"))]
    if place in own or place in root.parents or any(place.is_relative_to(folder) for folder in own[1:]):
        raise UsageError(f"{given} holds the newsroom's own files")


def _shown(path: Path) -> str:
    """Return a path as a user of this folder would type it."""
    with contextlib.suppress(ValueError):
        return path.resolve().relative_to(Path.cwd()).as_posix()
    return str(path)


def _survey(options: argparse.Namespace) -> Survey:
    """Return the newsroom as it is, or only the asked-for releases of it."""
    from communique import survey

    return survey.survey(_root(options), options.ids)


def _check(options: argparse.Namespace) -> int:
    found = _survey(options)
    releases: set[str] = set()
    held: list[str] = []
    for edition in found.editions(datetime.now(UTC)):
        releases.add(edition.release.id)
        if edition.because:
            held.append(f"  held back: {edition.release.id} {edition.language}: {edition.because}")
    if not options.quiet:
        print(f"Releases that can be built: {len(releases)}. Problems: {found.problems.serious}.")
        for line in held:
            print(line)
    report.tell(found.problems)
    return PROBLEMS if found.problems.serious or (options.strict and held) else OK


def _status(options: argparse.Namespace) -> int:
    from communique import status

    found = _survey(options)
    listed = options.language and not options.json
    rows: list[status.Row] = []
    for edition in found.editions(datetime.now(UTC)):
        if options.language in (None, edition.language):
            rows.append(status.row(edition))
            for line in status.listing(edition, colour=sys.stdout.isatty()) if listed else ():
                print(line)
    complete = all(row.complete for row in rows)
    if options.json:
        import json

        print(json.dumps([dataclasses.asdict(row) for row in rows], ensure_ascii=False, indent=1))
    elif not listed:
        languages = [lang for lang in LANGUAGES if any(row.language == lang for row in rows)]
        print("\n".join(status.table(rows, languages)))
    elif complete:
        print(f"{options.language}: nothing is open.")
    report.tell(found.problems)
    return PROBLEMS if found.problems.serious or (options.strict and not complete) else OK


def _translate(options: argparse.Namespace) -> int:
    from communique.translations import Translations

    root, found = _root(options), _survey(options)
    if found.newsroom is None:
        report.tell(found.problems)
        return PROBLEMS
    work = Translations(root, found, found.newsroom, datetime.now(UTC))
    if options.tmx:
        from importlib.metadata import version

        work.export_memory(options.tmx, version("communique"))
    for path in options.from_xliff or ():
        try:
            work.take(path.read_bytes(), str(path))
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except InputError as error:
            found.problems.extend(error.problems)
    if not options.tmx and not options.from_xliff:
        for domain in work.domains(whole=not options.ids):
            work.update(domain, options.xliff)
    if not options.quiet:
        for line in work.report.written:
            print(line)
        if untouched := work.report.untouched:
            print(f"{report.count(untouched, 'file')} {'was' if untouched == 1 else 'were'} right already.")
    report.tell(found.problems)
    return PROBLEMS if found.problems.serious else OK


def _new(options: argparse.Namespace) -> int:
    from communique import scaffold, schema

    root, problems = _root(options), Problems()
    newsroom = _newsroom(root, problems)
    if newsroom is None:
        report.tell(problems)
        return PROBLEMS
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
    for path in scaffold.write(root, newsroom, title, moment.day, language, options.id or ""):
        print(_shown(path))
    return OK


def _ask(question: str, default: str = "") -> str:
    """Return an answer from the terminal; raises UsageError where there is nobody to ask."""
    print(f"{question}{f' [{default}]' if default else ''}: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError("new asks for headline, day and language; or give --title, --date and --language")
    return answer.strip() or default


def _dispatch(options: argparse.Namespace) -> int:
    """Run one of the verbs of sending; none of what they need is loaded for a build."""
    from communique import dispatch

    return dispatch.run(options, _root(options), options.root / "output")


def _publish(options: argparse.Namespace) -> int:
    from communique import inventory, journal, publish, scaffold, source

    output, root = options.output or options.root / "output", _root(options)
    if "://" not in options.url:
        # What is no ID needs no look through the archive.
        if scaffold.is_id(options.url) and options.url in source.find_among(inventory.scan(root), Problems()):
            raise UsageError(f"{options.url} is a release; publish takes an address, and sends all that is public")
        _refuse_sources(Path(options.url), root, options.url)
    tell = print if options.verbose or (options.dry_run and not options.quiet) else lambda _: None
    with journal.opened(output, report.waiting(f"a build is at work in {output}")):
        done = publish.run(output / "site", options.url, dry_run=options.dry_run, tell=tell)
    if not options.quiet and not options.dry_run:
        sent, removed = report.count(len(done.send), "file"), report.count(len(done.remove), "file")
        print(f"Sent {sent}, removed {removed}." if done.send or done.remove else "Everything is published already.")
    return OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Whoever starts a program may have closed them.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 gets escapes instead of an error.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    workers.collect_rarely()
    options = commandline.parser().parse_args(commandline.with_verb(sys.argv[1:] if arguments is None else arguments))
    verbs = {"build": _build, "check": _check, "translate": _translate, "status": _status, "new": _new}
    verbs |= dict.fromkeys(("send", "pack", "forget"), _dispatch)
    verbs["publish"] = _publish
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
    except (OSError, MemoryError) as error:
        # What the machine does not give: room, files, processes, somewhere to tell of it.
        with contextlib.suppress(OSError):
            print(f"communique: stopped by the machine: {str(error) or type(error).__name__}", file=sys.stderr)
        return PROBLEMS


def run() -> NoReturn:
    """Run the command line and exit: the console script and build.py."""
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = PROBLEMS
    # All files are written and closed. Python would now take apart every object of WeasyPrint's, one by one: 0.2 s.
    os._exit(code)
