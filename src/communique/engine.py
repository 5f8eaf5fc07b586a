"""Makes what is out of date, and nothing else; writes each file whole, then records it.

Three looks, each dearer than the one before and taken only when that one does not settle it:

1. the times and sizes of all inputs, and the folders of the output: nothing changed, nothing is made;
2. digests, against what each release's plan and each of its outputs were made of: which releases are due;
3. inside a job (:mod:`communique.press`): which of a due release's outputs are.

The engine knows nothing of what is rendered: it is handed the functions that do it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

from communique import intake, inventory, journal, recipe, workers
from communique.errors import InputError, Problem, Problems
from communique.executors import Executor
from communique.intake import Request
from communique.inventory import digest
from communique.jobs import Entry, Job, Result, Shared, Standing, Trace
from communique.journal import Journal, Record, Summary
from communique.keeper import Keeper, Outcome
from communique.output import Output
from communique.workers import LostWorkerError, NoWorkersError

#: The record of what is made of all public releases, and of what their pages share; no release has this ID.
SITE = ""


class Maker(workers.Maker, Protocol):
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


@dataclass(frozen=True)
class Foreseen:
    """What will be made of all public releases, if those that are due come to these entries."""

    entries: Mapping[str, list[Entry]]
    result: Result


def build(
    root: Path, output: Path, request: Request, tools: Callable[[], Tools], on_wait: Callable[[], None]
) -> Outcome:
    """Bring the output folder up to date and return what was done.

    ``tools`` is called only when something may be due: it imports what renders. Raises InputError when the output
    folder cannot be used or no process starts, UsageError for an unknown release.
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
        self.keeper = Keeper(kept, self.output, self.files, self.outcome)
        self.hint = inventory.hint_of(self.files, time.time_ns())
        self._current: dict[str, bool] = {}
        #: The folders of the output as the last build left them, if it was whole; and which of them are so still.
        self._folders: dict[str, int] = {}
        self._same: dict[str, bool] = {}
        self._foreseen: Foreseen | None = None

    # --- the first look ---

    def run(self, tools: Callable[[], Tools]) -> Outcome:
        state = self.journal.state("whole")
        if state and self._unchanged(state):
            self.outcome.standings = [Standing(*row) for row in state["standings"]]
            self.outcome.problems.extend(Problem(*row) for row in state["problems"])
            self.outcome.standing = state["standing"]
            return self.outcome
        self._folders = state["folders"] if state else {}
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
            "folders": self.output.times(self._folders),
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
        self.gone = set() if self.request.ids else {*self.journal.ids()} - found.keys() - {SITE}
        due: list[str] = []
        for id_ in found:
            known = self.journal.summary(id_)
            if known and self._stands(id_, known):
                self._take(known)
            else:
                due.append(id_)
        kit.on_start(len(due))
        if due:
            self._make(due, found, maker, kit)
        for id_ in sorted(self.gone):
            self.keeper.retire(id_)
        self._shelve(maker)

    def standing(
        self, make: Callable[[Shared], Maker], find: Callable[[Iterable[str], Problems], dict[str, str]]
    ) -> dict[str, Record]:
        self.digests = self.journal.digests(self.files)
        self.judge = make(self._shared()).judge
        found = intake.asked(find(self.files, self.outcome.problems), self.request.ids)
        self.groups = intake.groups(self.files, found)
        summaries = ((id_, self.journal.summary(id_)) for id_ in found)
        stand = (id_ for id_, known in summaries if known and self._stands(id_, known))
        return {id_: record for id_ in stand if (record := self.journal.record(id_))}

    def _shared(self) -> Shared:
        """Return the files that all releases share, with the templates' messages if they are known from before."""
        shared = intake.shared(self.files, self.digests, self.recipe)
        self.digests.update(shared.digests)
        known = self.journal.state("words")
        return replace(shared, words=known["words"] if known and known["of"] == intake.templates(shared) else "")

    def _stands(self, id_: str, known: Summary) -> bool:
        """Whether a release's record still holds and every file that it plans is in place."""
        return (
            not self.request.force
            and known.judged == self._judged(id_, known.embargo)
            and known.whole
            and all(map(self._current_still, known.inputs))
            and (all(map(self._untouched, known.folders)) or self._complete(id_))
        )

    def _untouched(self, folder: str) -> bool:
        """Whether all that stood in a folder of the output after the last whole build stands there still."""
        if folder not in self._same:
            self._same[folder] = self._folders.get(folder) == self.output.time(folder)
        return self._same[folder]

    def _complete(self, id_: str) -> bool:
        record = self.journal.record(id_)
        return record is not None and all(map(self.output.has, record.planned))

    def _judged(self, id_: str, embargo: str) -> str:
        """Return what stands for all that a release's plan and texts depend on, as of now."""
        waiting = bool(embargo) and self.request.now < datetime.fromisoformat(embargo)
        own = [(path, self.digests[path]) for path in self.groups[id_]]
        return digest(repr((self.judge, self.request.drafts, waiting, own)).encode())

    def _current_still(self, key: str) -> bool:
        """Whether a set of files is as it was when traces referred to it; thousands of them share one set."""
        if key not in self._current:
            self._current[key] = self._holds(self.journal.inputs(key))
        return self._current[key]

    def _holds(self, files: Mapping[str, str]) -> bool:
        return all(self.digests.get(path, "absent") == known for path, known in files.items())

    def _take(self, known: Summary) -> None:
        """Count a release that stands."""
        self.outcome.standings += known.standings
        self.outcome.problems.extend(known.problems)
        self.outcome.standing += known.standing

    # --- making ---

    def _make(self, due: list[str], found: Mapping[str, str], maker: Maker, kit: Tools) -> None:
        """Make the due releases; where cores are left, look ahead meanwhile. Never more jobs wait than work.

        Raises NoWorkersError where none can be made.
        """
        executor = kit.executor(maker, len(due))
        running: dict[Future[Result], str] = {}
        jobs = self._jobs(due, found, kit)
        few = tuple(jobs) if len(due) < executor.width else ()
        waiting = iter(few or jobs)
        try:
            while True:
                for job in waiting:
                    running[executor.submit(job)] = job.id
                    if len(running) >= 2 * executor.width or executor.width == 1:
                        break
                if few:
                    # A core is left to this process.
                    self._foreseen, few = self._foresee(few, maker), ()
                if not running:
                    return
                # A short wait each, so that Ctrl-C is heard at once.
                done, _ = wait(running, timeout=0.25, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=_is_last):
                    id_ = running.pop(future)
                    before = len(self.outcome.made)
                    try:
                        result = future.result()
                    except NoWorkersError:
                        raise
                    except Exception as error:  # it costs its release, not the build
                        self._lose(id_, [_unmade(found[id_], error)])
                    else:
                        self._keep(result)
                    kit.on_done(id_, self.outcome.made[before:])
        finally:
            executor.stop()

    def _foresee(self, jobs: Iterable[Job], maker: Maker) -> Foreseen | None:
        """Return what will be made of all public releases if nothing of these jobs fails; None if something has."""
        try:
            fresh: dict[str, list[Entry]] = {}
            texts: dict[tuple[str, str], str] = {}
            for job in jobs:
                shown = self.keeper.shown(maker.work(replace(job, foreseen=True)))
                kept = (journal.as_kept(entry) for entry, _ in shown)
                fresh[job.id] = sorted(kept, key=attrgetter("language"))
                texts |= {(job.id, entry.language): text for entry, text in shown}

            def content(id_: str, language: str) -> str:
                return texts[id_, language] if (id_, language) in texts else self.journal.content(id_, language)

            stay = (e for e in self.journal.entries() if e.release not in fresh and e.release not in self.gone)
            return Foreseen(fresh, maker.shelve([*chain(stay, *fresh.values())], content, self._shelved()))
        except Exception:  # whoever makes it in earnest tells
            return None

    def _jobs(self, due: Iterable[str], found: Mapping[str, str], kit: Tools) -> Iterator[Job]:
        """Yield the jobs of the due releases; one whose files have gone meanwhile is lost."""
        for id_ in due:
            try:
                job = self._job(id_, found[id_], kit)
            except InputError as error:
                self._lose(id_, error.problems)
                kit.on_done(id_, [])
                continue
            # What it is judged and traced by is what travels.
            self.digests.update(job.digests)
            yield job

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

    def _lose(self, id_: str, problems: Iterable[Problem]) -> None:
        """Tell why a release could not be made; its old files stay, and the next build tries again."""
        self.outcome.passing = True
        self.outcome.problems.extend(problems)
        self.keeper.doubt(id_)

    def _keep(self, result: Result) -> None:
        """Keep what came of a release, and count it."""
        self._take(self.keeper.keep(result, partial(self._judged, result.id)))
        self.outcome.problems.extend(result.failures)

    def _shelve(self, maker: Maker) -> None:
        """Bring up to date what is made of all public releases: their entries decide what there is."""
        seen = self._foreseen
        if seen and all(self.journal.entries(id_) == entries for id_, entries in seen.entries.items()):
            result = seen.result
        else:
            result = maker.shelve(self.journal.entries(), self.journal.content, self._shelved())
        so_far = len(self.outcome.made)
        self.keeper.keep(result)
        self.outcome.shelved = self.outcome.made[so_far:]
        self.outcome.problems.extend((*result.problems, *result.failures))
        self.outcome.passing |= result.passing

    def _shelved(self) -> dict[str, Trace]:
        """Return the traces of those of these files that are in place and whose inputs are as they were."""
        before = {} if self.request.force else (self.journal.record(SITE) or Record()).traces
        # Most of them refer to the same files.
        sets = {id(trace.files): trace.files for trace in before.values()}
        hold = {key for key, files in sets.items() if self._holds(files)}
        return {path: trace for path, trace in before.items() if id(trace.files) in hold and self.output.has(path)}


def _unmade(path: str, error: Exception) -> Problem:
    """Return what is told of a release whose job ended in an error."""
    if isinstance(error, LostWorkerError):
        message = f"could not be made: {error}"
    else:
        message = f"could not be made, by a fault in the program: {workers.fault(error)}"
    return Problem(path, 0, message, "build again; if it stays, report it")


def _is_last(future: Future[Result]) -> bool:
    """Whether what came of a job ends the build, so that all else is kept before."""
    return isinstance(future.exception(), NoWorkersError)
