"""The verbs of sending: send, pack and forget."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from communique import accounts, ledger, mail, mailing, outbox, packs, recipients, report, smtp
from communique.copies import Original, Signer
from communique.delivery import Courier, Item, Outcome
from communique.errors import InputError, Problem, Problems, UsageError
from communique.ledger import Delivery, Ledger, State
from communique.mailing import Choice, Mail, Mailing
from communique.model import Newsroom
from communique.outbox import Parcel
from communique.output import write_whole
from communique.recipients import Recipient
from communique.report import count

OK, PROBLEMS = 0, 1
#: Seconds between two lines that tell how far a send is.
TOLD_EVERY = 5.0
PROOF = "[PROOF]"


def run(options: argparse.Namespace, root: Path, output: Path) -> int:
    """Run one of the verbs and return its exit code; raises UsageError and InputError."""
    if options.verb == "forget":
        return _forget(options, root)
    output = options.output or output
    if options.verb == "pack":
        return _pack(options, root, output)
    if options.report:
        return _report(options, root)
    return _note_arrived(options, root) if options.unknown_arrived else _send(options, root, output)


_on_wait = report.waiting("a build is at work")


# --- send ---


def _send(options: argparse.Namespace, root: Path, output: Path) -> int:
    _refuse_nonsense(options)
    problems = Problems()
    lists = _lists(options.list or ())
    people = _proofs(options.to) if options.to else recipients.read(lists, problems) if lists else None
    newsroom, parcels = outbox.parcels(root, output, options.ids, problems, _on_wait)
    try:
        with ledger.opened(root) as book:
            _begin(book)
            work = _Work(options, newsroom, book, root)
            items = [item for parcel in parcels for item in work.prepare(parcel, people, problems)]
            if not items:
                print("There is nothing to send.")
            elif _confirmed(options, len(items)):
                book.note_lists(str(path.resolve()) for path in options.list or ())
                work.deliver(items, problems)
            else:
                print("Nothing was sent. --yes sends it.")
    finally:
        report.tell(problems)
    return PROBLEMS if problems.serious else OK


def _refuse_nonsense(options: argparse.Namespace) -> None:
    """Raise UsageError for options that do not go together."""
    if options.csv:
        raise UsageError("--csv goes with --report")
    if options.to and (options.list or options.correction):
        raise UsageError("--to sends a proof to one address; it takes no --list and no --correction")
    if not (options.list or options.to or options.correction):
        raise UsageError("send needs --list FILE; or --to ADDRESS for a proof, or --correction, or --report")


def _lists(paths: Iterable[Path]) -> list[tuple[str, bytes]]:
    found = []
    for path in dict.fromkeys(paths):
        try:
            found.append((str(path), path.read_bytes()))
        except OSError as error:
            raise UsageError(f"--list {path} cannot be read: {error.strerror}") from None
    return found


def _proofs(addresses: Iterable[str]) -> list[Recipient]:
    try:
        return [Recipient(recipients.mailbox(address), "", ()) for address in dict.fromkeys(addresses)]
    except ValueError as error:
        raise UsageError(f"--to: {error}") from None


def _choice(options: argparse.Namespace) -> Choice:
    return Choice(
        only=tuple(options.only or ()),
        exclude=tuple(options.exclude or ()),
        correction=options.correction,
        resend_unknown=options.resend_unknown,
        retry_refused=options.retry_refused,
    )


def _begin(book: Ledger) -> None:
    if stranded := book.begin():
        print(f"communique: an earlier send was stopped: {count(stranded, 'message')} unknown", file=sys.stderr)


def _note_arrived(options: argparse.Namespace, root: Path) -> int:
    """Settle what is unknown as the user found it in the server's log; nothing is sent."""
    if options.list or options.to or options.correction:
        raise UsageError("--unknown-arrived only notes; send afterwards")
    choice = _choice(options)
    with ledger.opened(root) as book:
        _begin(book)
        for id_ in dict.fromkeys(options.ids):
            known = (d for d in book.deliveries(id_) if d.state is State.UNKNOWN)
            arrived = [d for d in known if choice.takes(d.address, d.outlet)]
            for delivery in arrived:
                _note_one(book, delivery)
            print(f"{id_}: {count(len(arrived), 'message')} noted as arrived")
    return OK


def _note_one(book: Ledger, delivery: Delivery) -> None:
    book.settle(delivery, State.ACCEPTED, f"arrived, as its sender found; {delivery.words}")


def _confirmed(options: argparse.Namespace, number: int) -> bool:
    """Whether to go on: by --yes, or by the number of messages typed at a terminal."""
    if options.yes or not sys.stdin.isatty():
        return bool(options.yes)
    print(f"Type {number} to send {count(number, 'message')}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == str(number)


class _Work:
    """One run of send: the same server, ledger and options for all releases."""

    def __init__(self, options: argparse.Namespace, newsroom: Newsroom, book: Ledger, root: Path) -> None:
        self.options = options
        self.newsroom = newsroom
        self.book = book
        if newsroom.smtp is None:
            hint = "send needs it, such as: smtp: {host: mail.example.org, port: 587, username: press}"
            raise InputError(Problem(newsroom.path, 0, "there is no smtp", hint))
        self.smtp = newsroom.smtp
        self.signer = Signer(self.smtp.dkim, root, newsroom.path) if self.smtp.dkim else None
        self.host = urlsplit(newsroom.base_url).hostname or ""

    def prepare(self, parcel: Parcel, people: list[Recipient] | None, problems: Problems) -> list[Item]:
        """Show what would go to whom of a release, and return it; a release that cannot be sent is told."""
        release, offer = parcel.release, parcel.offer
        if self.options.correction and offer.version == 1:
            hint = "write what was corrected under corrections:, and build"
            problems.add(release.path, release.title.line, "has no correction to send", hint)
            return []
        if offer.retracted and not (self.options.correction or self.options.to):
            hint = f"send {release.id} --correction tells those who received it"
            problems.add(release.path, release.title.line, "is retracted, and is not sent", hint)
            return []
        try:
            originals = {language: parcel.original(language) for language in offer.languages}
        except InputError as error:
            problems.extend(error.problems)
            return []
        if self.options.to:
            plan = Mailing(offer, [Mail(one, language) for one in people or () for language in offer.languages])
        else:
            plan = mailing.plan(offer, people, self.book.deliveries(release.id), _choice(self.options))
            self._settle_unknown(plan)
        embargo = release.embargo.at.strftime("%Y-%m-%d %H:%M %Z") if release.embargo else ""
        if not self.options.quiet:
            subjects = {language: original.subject for language, original in originals.items()}
            for line in accounts.preview(plan, subjects, embargo=embargo, whole=self.options.verbose):
                print(line)
        return list(self._items(plan, originals))

    def _settle_unknown(self, plan: Mailing) -> None:
        """Ask at a terminal what to do with each message that may have arrived; nobody is asked elsewhere."""
        if not (sys.stdin.isatty() and plan.unknown) or self.options.yes:
            return
        left = []
        for delivery in plan.unknown:
            question = f"{delivery.address} may have {delivery.message_id}. a: it arrived, Enter: leave it: "
            print(question, end="", file=sys.stderr, flush=True)
            if sys.stdin.readline().strip().lower() == "a":
                _note_one(self.book, delivery)
            else:
                left.append(delivery)
        plan.unknown[:] = left

    def _items(self, plan: Mailing, originals: dict[str, Original]) -> Iterator[Item]:
        release, version, proof = plan.offer.release, plan.offer.version, bool(self.options.to)
        for one in plan.mails:
            to, language = one.recipient, one.language
            identifier = mail.message_id(release, version, language, self.host, to.mailbox.address)
            row = Delivery(release, version, to.key, to.mailbox.address, to.name, to.outlet, language, identifier)
            if proof:
                # A proof is a message of its own: the mailbox must not take the real one for its double.
                identifier = identifier.replace("<", f"<proof.{time.time_ns():x}.", 1)
            yield Item(one, originals[language], identifier, None if proof else row, PROOF if proof else "")

    def deliver(self, items: list[Item], problems: Problems) -> None:
        """Send, and tell what came of it."""
        courier = Courier(
            smtp.account(self.smtp, self.newsroom.path),
            self.book,
            unsubscribe=str(self.smtp.unsubscribe or ""),
            signer=self.signer,
            patience=self.options.patience,
            rate=self.options.rate or 0,
            tell=lambda line: print(f"communique: {line}", file=sys.stderr, flush=True),
            progress=_progress(len(items), quiet=self.options.quiet),
        )
        self.book.plan(item.row for item in items if item.row)
        try:
            with _stoppable(courier):
                courier.deliver(items)
        except InputError as error:
            problems.extend(error.problems)
        finally:
            _tell(courier.outcome, problems, quiet=self.options.quiet)


@contextlib.contextmanager
def _stoppable(courier: Courier) -> Iterator[None]:
    """Have Ctrl-C and a polite kill wait for the answer to the message at hand, so that none is left unknown."""

    def stop(number: int, _: object) -> None:
        if courier.resting or courier.stopping:
            raise KeyboardInterrupt
        courier.stopping = True
        if number == signal.SIGINT:
            print("communique: stops after this message", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(total: int, *, quiet: bool) -> Callable[[int], None]:
    told = time.monotonic()

    def tell(accepted: int) -> None:
        nonlocal told
        if not quiet and time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            print(f"communique: {accepted} of {total} sent", file=sys.stderr, flush=True)

    return tell


def _tell(outcome: Outcome, problems: Problems, *, quiet: bool) -> None:
    if not quiet:
        print(f"The server took {count(outcome.accepted, 'message')}.")
    for address, words in outcome.refused:
        problems.add(address, 0, f"refused: {words}", "look at the address")
    for address, words in outcome.unknown:
        problems.add(address, 0, f"unknown whether it arrived: {words}", "look into the server's log, then send again")
    for address, words in outcome.waiting:
        problems.add(address, 0, f"not sent: {words}", "send again later: only what is left will go")


def _report(options: argparse.Namespace, root: Path) -> int:
    with ledger.opened(root, alone=False) as book:
        known = {id_: book.deliveries(id_) for id_ in dict.fromkeys(options.ids)}
    if options.csv:
        print(accounts.as_csv(d for deliveries in known.values() for d in deliveries), end="")
        return OK
    for id_, deliveries in known.items():
        print(id_ if deliveries else f"{id_} was sent to nobody.")
        for line in accounts.table(deliveries) if deliveries else ():
            print(line)
    return OK


# --- pack ---


def _pack(options: argparse.Namespace, root: Path, output: Path) -> int:
    problems = Problems()
    _, parcels = outbox.parcels(root, output, options.ids, problems, _on_wait)
    for parcel in parcels:
        release = parcel.release
        if parcel.offer.retracted:
            problems.add(release.path, release.title.line, "is retracted, and is not packed")
            continue
        # An embargo is in the name: a file is passed on without the mail that it came with.
        name = f"{release.id}.EMBARGO" if parcel.offer.sensitive else release.id
        place = options.into / f"{name}.zip"
        write_whole(place, packs.pack(name, {**parcel.pictures, **parcel.files}, release.date.at))
        print(place)
    report.tell(problems)
    return PROBLEMS if problems.serious else OK


# --- forget ---


def _forget(options: argparse.Namespace, root: Path) -> int:
    try:
        key = recipients.mailbox(options.address).key
    except ValueError as error:
        raise UsageError(f"'{options.address}' is no email address; {error}") from None
    problems = Problems()
    with ledger.opened(root) as book:
        given = [path.resolve() for path in options.list or ()]
        if missing := [path for path in given if not path.is_file()]:
            raise UsageError(f"there is no list {missing[0]}")
        beside = [path.resolve() for path in sorted(root.glob("*.csv")) if recipients.is_list(path.read_bytes())]
        for path in dict.fromkeys((*given, *map(Path, book.lists()), *beside)):
            _strike(path, key, problems)
        rows = book.forget(key)
    print(f"Ledger: {count(rows, 'row')} without the person now; they still count.")
    report.tell(problems)
    return PROBLEMS if problems.serious else OK


def _strike(path: Path, key: str, problems: Problems) -> None:
    """Take a person out of one list, if it is still there."""
    try:
        data = path.read_bytes()
        kept, gone = recipients.without(data, key)
    except FileNotFoundError:
        problems.extend([Problem(str(path), 0, "is no longer there; it was a list once", "look where it went", True)])
    except (OSError, ValueError) as error:
        problems.add(str(path), 0, f"cannot be read as a list: {error}", "take the person out of it yourself")
    else:
        if gone:
            # Who may read the list stays as it is.
            unfinished = path.with_name(f".{path.name}.unfinished")
            unfinished.touch(mode=0o600)
            shutil.copymode(path, unfinished)
            write_whole(path, kept, unfinished)
        print(f"{path}: {count(gone, 'row')} taken out")
