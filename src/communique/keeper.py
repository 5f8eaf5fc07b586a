"""Results → files in the output folder and records in the journal: each file whole, and recorded after it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from communique.errors import InputError, Problem, Problems
from communique.inventory import Found, digest
from communique.jobs import Result, Standing
from communique.journal import Entries, Journal, Record, Summary
from communique.output import Output


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


class Keeper:
    """Keeps what was made, and tells ``outcome`` of what it did."""

    def __init__(self, journal: Journal, output: Output, files: Mapping[str, Found], outcome: Outcome) -> None:
        self.journal = journal
        self.output = output
        self.files = files
        self.outcome = outcome

    def keep(self, result: Result, judge: Callable[[str], str] = lambda _: "") -> Summary:
        """Write what was made, remove what is no longer claimed, record both, and return what the record comes to.

        ``judge`` gives what the record is to be judged by, of the release's embargo.
        """
        shown = self.shown(result)
        record = self._settle(result)
        record.judged = judge(record.embargo)
        return self.journal.save(result.id, record, shown)

    def retire(self, id_: str) -> None:
        """Remove the files of a release that is gone."""
        record = self.journal.record(id_) or Record()
        if left := self._withdraw(record.owned):
            self.journal.save(id_, Record(owned=left))
        else:
            self.journal.forget(id_)

    def doubt(self, id_: str) -> None:
        """Forget what is known of a release's files, so that the next build looks at them again; they stay."""
        owned = (self.journal.record(id_) or Record()).owned
        self.journal.save(id_, Record(owned=owned), self._entries(id_))

    def shown(self, result: Result) -> Entries:
        """Return the entries of a release's pages: one that this build was not asked for stands as it was."""
        before = {f"{e.folder}/index.html": (e, text) for e, text in self._entries(result.id)}
        fresh = {f"{e.folder}/index.html": (e, result.contents[e.language]) for e in result.entries}
        claimed = set(result.planned) - set(result.failed)
        return [item for path, item in {**before, **fresh}.items() if path in claimed]

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
