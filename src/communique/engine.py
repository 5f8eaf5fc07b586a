"""Makes what is out of date, and nothing else; writes each file whole, then records it.

Three looks, each dearer than the one before and taken only when that one does not settle it:

1. the times and sizes of all inputs, and the folders of the output: nothing changed, nothing is made;
2. digests, against what each release's plan and each of its outputs were made of: which releases are due;
3. inside a job (:mod:`communique.press`): which of a due release's outputs are.

The engine knows nothing of what is rendered: it is handed the functions that do it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from communique import executors, intake, inventory, journal, recipe
from communique.errors import InputError, Problem, Problems
from communique.executors import Executor, LostWorkerError
from communique.intake import Request
from communique.inventory import digest
from communique.jobs import Entry, Job, Result, Shared, Standing, Trace
from communique.journal import Entries, Journal, Record
from communique.output import Output

#: The record of what is made of all public releases, and of what their pages share; no release has this ID.
SITE = ""


class Maker(executors.Maker, Protocol):
    """What the engine needs of :class:`communique.press.Press`."""

    shared: Shared
    problems: Problems
    judge: str

    @property
    def ready(self) -> bool: ...

    def shelve(
        self, entries: list[Entry], content: Callable[[str, str], str], traces: Mapping[str, Trace]
    ) -> Result: ...


@dataclass(frozen=True)
class Tools:
    """The functions that the engine is handed.

    ``make`` reads the shared files; ``find`` lists the releases (paths by ID) among paths and tells problems;
    ``carried`` are the endings of files that travel with a job; ``executor`` is called with the number of jobs.
    """

    make: Callable[[Shared], Maker]
    find: Callable[[Iterable[str], Problems], dict[str, str]]
    carried: tuple[str, ...]
    executor: Callable[[Maker, int], Executor]
    on_start: Callable[[int], None] = lambda due: None
    on_done: Callable[[str, list[str]], None] = lambda id_, made: None


@dataclass
class Outcome:
    """What a build found and did. Paths are below the output folder; ``standing`` counts the files that stand there."""

    standings: list[Standing] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    made: list[str] = field(default_factory=list)
    #: Those of the made that show several releases, or that all pages share.
    shelved: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    standing: int = 0
    #: Problems that the input does not explain; the next build tries again.
    passing: bool = False


def build(
    root: Path, output: Path, request: Request, tools: Callable[[], Tools], on_wait: Callable[[], None]
) -> Outcome:
    """Bring the output folder up to date and return what was done.

    ``tools`` is called only when something may be due: it imports what renders. Raises InputError when the output
    folder cannot be used, UsageError for an unknown release.
    """
    with journal.opened(output, on_wait) as kept:
        return _Build(root, output, request, kept).run(tools)


def standing(
    root: Path,
    output: Path,
    request: Request,
    make: Callable[[Shared], Maker],
    find: Callable[[Iterable[str], Problems], dict[str, str]],
    on_wait: Callable[[], None],
) -> dict[str, Record]:
    """Return the records of those asked-for releases whose files are all up to date; nothing is made."""
    with journal.opened(output, on_wait) as kept:
        return _Build(root, output, request, kept).standing(make, find)


class _Build:
    def __init__(self, root: Path, output: Path, request: Request, kept: Journal) -> None:
        self.root = root
        self.output = Output(output)
        self.request = request
        self.journal = kept
        self.outcome = Outcome()
        self.recipe = recipe.digest()
        self.files = inventory.scan(root)
        self.hint = inventory.hint_of(self.files, time.time_ns())
        self._current: dict[int, bool] = {}

    # --- the first look ---

    def run(self, tools: Callable[[], Tools]) -> Outcome:
        state = self.journal.state("whole")
        if state and self._unchanged(state):
            self.outcome.standings = [Standing(*row) for row in state["standings"]]
            self.outcome.problems.extend(Problem(*row) for row in state["problems"])
            self.outcome.standing = state["standing"]
            return self.outcome
        # Until this build has ended, none is known to be whole.
        self.journal.set_state("whole", None)
        self._bring_up_to_date(tools())
        if self.request.whole and not self.outcome.passing:
            self.journal.set_state("whole", self._whole())
        return self.outcome

    def _settings(self) -> list[Any]:
        return [self.recipe, self.request.drafts, str(self.root)]

    def _unchanged(self, state: Mapping[str, Any]) -> bool:
        """Whether the last whole build still holds, by the times of the inputs, the clock, and the output's folders."""
        return (
            self.request.whole
            and not self.request.force
            and self.hint is not None
            and state["hint"] == self.hint
            and state["settings"] == self._settings()
            and (not state["since"] or datetime.fromisoformat(state["since"]) <= self.request.now)
            and (not state["until"] or self.request.now < datetime.fromisoformat(state["until"]))
            and all(self.output.time(folder) == at for folder, at in state["folders"].items())
        )

    def _whole(self) -> dict[str, Any]:
        """Return what the next build needs to know that nothing changed, and to tell again what this one told."""
        instants = sorted({datetime.fromisoformat(s.embargo) for s in self.outcome.standings if s.embargo})
        passed = [at for at in instants if at <= self.request.now]
        coming = [at for at in instants if at > self.request.now]
        return {
            # None when a file was too young to be sure: then the next build takes the second look.
            "hint": self.hint,
            "settings": self._settings(),
            "since": passed[-1].isoformat() if passed else "",
            "until": coming[0].isoformat() if coming else "",
            "folders": self.output.times(),
            "standings": [astuple(s) for s in self.outcome.standings if s.state != "public"],
            "problems": [astuple(p) for p in self.outcome.problems],
            "standing": self.outcome.standing,
        }

    # --- the second look ---

    def _bring_up_to_date(self, kit: Tools) -> None:
        self.digests = self.journal.digests(self.files)
        shared = self._shared()
        maker = kit.make(shared)
        if maker.ready and not shared.words:
            self.journal.set_state("words", {"of": intake.templates(shared), "words": maker.shared.words})
        found = intake.asked(kit.find(self.files, self.outcome.problems), self.request.ids)
        self.outcome.problems.extend(maker.problems)
        if not maker.ready:
            # Nothing can be judged, so nothing is touched; the releases' own problems are told all the same.
            self.outcome.passing = True
            groups = intake.groups(self.files, found)
            for id_, path in found.items():
                job = intake.job(id_, path, groups[id_], self.files, self.digests, self.request, kit.carried)
                self.outcome.problems.extend(maker.work(job).problems)
            return
        self.groups = intake.groups(self.files, found)
        self.judge = maker.judge
        due: list[str] = []
        for id_ in found:
            record = self.journal.record(id_)
            if record and self._stands(id_, record):
                self._take(record)
            else:
                due.append(id_)
        kit.on_start(len(due))
        if due:
            self._make(due, found, maker, kit)
        if not self.request.ids:
            for gone in set(self.journal.ids()) - found.keys() - {SITE}:
                self._retire(gone)
        self._shelve(maker)

    def standing(
        self, make: Callable[[Shared], Maker], find: Callable[[Iterable[str], Problems], dict[str, str]]
    ) -> dict[str, Record]:
        self.digests = self.journal.digests(self.files)
        self.judge = make(self._shared()).judge
        found = intake.asked(find(self.files, self.outcome.problems), self.request.ids)
        self.groups = intake.groups(self.files, found)
        records = ((id_, self.journal.record(id_)) for id_ in found)
        return {id_: record for id_, record in records if record and self._stands(id_, record)}

    def _shared(self) -> Shared:
        """Return the files that all releases share, with the templates' messages if they are known from before."""
        shared = intake.shared(self.files, self.digests, self.recipe)
        known = self.journal.state("words")
        return replace(shared, words=known["words"] if known and known["of"] == intake.templates(shared) else "")

    def _stands(self, id_: str, record: Record) -> bool:
        """Whether a release's record still holds and every file that it plans is in place."""
        return (
            not self.request.force
            and record.judged == self._judged(id_, record.embargo)
            and record.traces.keys() == set(record.planned)
            and all(self._holds(trace) for trace in record.traces.values())
            and all(map(self.output.has, record.planned))
        )

    def _judged(self, id_: str, embargo: str) -> str:
        """Return what stands for all that a release's plan and texts depend on, as of now."""
        waiting = bool(embargo) and self.request.now < datetime.fromisoformat(embargo)
        own = [(path, self.digests[path]) for path in self.groups[id_]]
        return digest(repr((self.judge, self.request.drafts, waiting, own)).encode())

    def _holds(self, trace: Trace) -> bool:
        """Whether the files of a trace are as they were; thousands of traces share one set of files."""
        key = id(trace.files)
        if key not in self._current:
            self._current[key] = all(self.digests.get(path, "absent") == d for path, d in trace.files.items())
        return self._current[key]

    def _take(self, record: Record) -> None:
        """Count a release that stands."""
        self.outcome.standings += record.standings
        self.outcome.problems.extend(record.problems)
        self.outcome.standing += len(record.traces)

    # --- making ---

    def _make(self, due: list[str], found: Mapping[str, str], maker: Maker, kit: Tools) -> None:
        """Make the due releases. Never more jobs wait than work."""
        executor = kit.executor(maker, len(due))
        running: dict[Future[Result], str] = {}
        waiting = iter(due)
        try:
            while True:
                for id_ in waiting:
                    running[executor.submit(self._job(id_, found[id_], kit))] = id_
                    if len(running) >= 2 * executor.width or executor.width == 1:
                        break
                if not running:
                    return
                # A short wait each, so that Ctrl-C is heard at once.
                done, _ = wait(running, timeout=0.25, return_when=FIRST_COMPLETED)
                for future in done:
                    id_ = running.pop(future)
                    before = len(self.outcome.made)
                    try:
                        result = future.result()
                    except Exception as error:  # a fault of the program costs its release, not the build
                        self._lose(id_, found[id_], error)
                    else:
                        self._keep(result)
                    kit.on_done(id_, self.outcome.made[before:])
        finally:
            executor.stop()

    def _job(self, id_: str, path: str, kit: Tools) -> Job:
        record = self.journal.record(id_) or Record()
        traces: dict[str, Trace] = {}
        kept: dict[str, bytes] = {}
        for target, trace in record.traces.items():
            if self.request.force or not self.output.has(target):
                continue
            if target.endswith(".pdf"):
                kept[target] = self.output.read(target)
                if digest(kept[target]) != trace.output:
                    continue
            traces[target] = trace
        return intake.job(
            id_, path, self.groups[id_], self.files, self.digests, self.request, kit.carried, traces, kept
        )

    def _lose(self, id_: str, path: str, error: Exception) -> None:
        """Tell of a release that could not be made; its old files stay, and the next build tries again."""
        if isinstance(error, LostWorkerError):
            message = f"could not be made: {error}"
        else:
            message = f"could not be made, by a fault in the program: {type(error).__name__}: {error}"
        self.outcome.passing = True
        self.outcome.problems.add(path, 0, message, "build again; if it stays, report it")
        owned = (self.journal.record(id_) or Record()).owned
        self.journal.save(id_, Record(owned=owned), self._entries(id_))

    def _keep(self, result: Result) -> None:
        """Write what was made of a release, remove what it no longer claims, and record both."""
        shown = {f"{e.folder}/index.html": (e, text) for e, text in self._entries(result.id)}
        record = self._settle(result)
        # A page that this build was not asked for stands as it was, and so does its entry.
        fresh = {f"{e.folder}/index.html": (e, result.contents[e.language]) for e in result.entries}
        claimed = set(result.planned) - set(result.failed)
        entries = {path: item for path, item in {**shown, **fresh}.items() if path in claimed}
        record.judged = self._judged(result.id, record.embargo)
        self.journal.save(result.id, record, list(entries.values()))
        self._take(record)
        self.outcome.problems.extend(result.failures)

    def _entries(self, id_: str) -> Entries:
        return [(entry, self.journal.content(id_, entry.language)) for entry in self.journal.entries(id_)]

    def _settle(self, result: Result) -> Record:
        """Write what was made and remove what is no longer claimed; return what is to be recorded of both.

        Before the first file is touched the record forgets what it knew of it, so that a build that is killed
        here leaves nothing that the next one trusts.
        """
        before = self.journal.record(result.id) or Record()
        owned = sorted({*before.owned, *result.planned})
        self.journal.save(result.id, Record(owned=owned))
        record = Record(
            embargo=next((s.embargo for s in result.standings), ""),
            standings=result.standings,
            problems=result.problems,
            planned=result.planned,
            traces=dict(result.traces),
        )
        for path in sorted({*result.made, *result.copies}):
            if not self._put(path, result):
                del record.traces[path]
        claimed = set(result.planned) - set(result.failed)
        left = self._withdraw(path for path in owned if path not in claimed)
        record.owned = sorted({*result.planned, *left})
        return record

    def _put(self, path: str, result: Result) -> bool:
        """Write one file of a result; return False when its trace cannot be trusted."""
        try:
            data = result.made[path] if path in result.made else self._copied(result.copies[path])
            if self.output.write(path, data):
                self.outcome.made.append(path)
        except InputError as error:
            self.outcome.passing = True
            self.outcome.problems.extend(error.problems)
            return False
        if digest(data) != result.traces[path].output:
            # What is copied was changed while this build ran: the next one sees to it.
            self.outcome.passing = True
            return False
        return True

    def _copied(self, source: str) -> bytes:
        try:
            return Path(self.files[source].place).read_bytes()
        except OSError as error:
            raise InputError(Problem(source, 0, f"cannot be read: {error.strerror}")) from error

    def _withdraw(self, paths: Iterable[str]) -> list[str]:
        """Remove files of ours; return those that would not go."""
        removed, left = self.output.withdraw(paths, self.outcome.problems)
        self.outcome.removed += removed
        self.outcome.passing |= bool(left)
        return left

    def _retire(self, id_: str) -> None:
        """Remove the files of a release that is gone."""
        record = self.journal.record(id_) or Record()
        left = self._withdraw(record.owned)
        self.journal.save(id_, Record(owned=left) if left else None)

    def _shelve(self, maker: Maker) -> None:
        """Bring up to date what is made of all public releases: their entries decide what there is."""
        before = (self.journal.record(SITE) or Record()).traces
        traces = {p: t for p, t in before.items() if not self.request.force and self.output.has(p) and self._holds(t)}
        result = maker.shelve(self.journal.entries(), self.journal.content, traces)
        so_far = len(self.outcome.made)
        self.journal.save(SITE, self._settle(result))
        self.outcome.shelved = self.outcome.made[so_far:]
        self.outcome.problems.extend((*result.problems, *result.failures))
        self.outcome.passing |= result.passing
