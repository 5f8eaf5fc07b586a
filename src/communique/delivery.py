"""Messages out, one by one over one connection, each written into the ledger before and after."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from communique.copies import Original, Signer
from communique.errors import InputError, Problem
from communique.ledger import Delivery, Ledger, State
from communique.mailing import Mail
from communique.smtp import (
    Account,
    Connection,
    DeferredError,
    DoubtfulError,
    LostError,
    RefusedError,
    SmtpError,
    UnfitError,
    UnusableError,
)

#: Seconds between two rounds: each without a success doubles it.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 120.0
#: So many refusals and nothing else are the sender's fault, not the recipients'.
ENOUGH_REFUSED = 10


@dataclass(frozen=True, slots=True)
class Item:
    """One message to be sent, with its row of the ledger; None for a proof, which is in no ledger."""

    mail: Mail
    original: Original
    message_id: str
    row: Delivery | None
    mark: str = ""


@dataclass
class Outcome:
    """How many messages the server took, and who has none: each address with the reason."""

    accepted: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Courier:
    """Delivers messages to one account.

    ``patience`` is how long (seconds) messages that the server puts off are tried again, ``rate`` the messages a minute
    at most, 0 for as many as the server takes. ``tell`` is called with what somebody who waits wants to know,
    ``progress`` with the number of messages that the server took. Set ``stopping`` to have it end with
    KeyboardInterrupt after the message at hand; while it is ``resting`` there is none.
    """

    account: Account
    ledger: Ledger
    unsubscribe: str = ""
    signer: Signer | None = None
    patience: float = 1800.0
    rate: float = 0.0
    tell: Callable[[str], None] = lambda _: None
    progress: Callable[[int], None] = lambda accepted: None
    outcome: Outcome = field(default_factory=Outcome)
    stopping: bool = False
    resting: bool = False
    _line: Connection | None = None
    _next: float = 0.0

    def deliver(self, items: Iterable[Item]) -> Outcome:
        """Send messages and return what came of them.

        Raises InputError when the server cannot be used, or the ledger cannot be written; what was sent is written.
        """
        waiting = [(item, "") for item in items]
        end, pause = time.monotonic() + self.patience, FIRST_PAUSE
        try:
            while waiting:
                before = len(waiting)
                waiting = self._round([item for item, _ in waiting])
                if not waiting:
                    break
                left = end - time.monotonic()
                if left <= 0:
                    self.outcome.waiting += [(item.mail.recipient.mailbox.address, words) for item, words in waiting]
                    break
                # A connection without anything to do would only be closed from the other side.
                self._leave()
                pause = min(FIRST_PAUSE if len(waiting) < before else pause * 2, LONGEST_PAUSE, left)
                self.tell(f"{len(waiting)} to be sent yet ({waiting[0][1]}); again in {pause:.0f} s")
                self._rest(pause)
        finally:
            self._leave()
        return self.outcome

    def _take_heed(self, words: str) -> None:
        """Stop when the server refused all that it was asked so far: more of the same only harms the sender's name."""
        if not self.outcome.accepted and len(self.outcome.refused) >= ENOUGH_REFUSED:
            message = f"it refused the first {ENOUGH_REFUSED} messages, and no more were tried: {words}"
            raise self._unusable(message, "ask who runs the server; then send with --retry-refused")

    def _unusable(self, words: str, hint: str) -> InputError:
        return InputError(Problem(self.account.path, self.account.line, f"smtp: {words}", hint))

    def _rest(self, seconds: float) -> None:
        self.resting = True
        time.sleep(seconds)
        self.resting = False

    def _leave(self) -> None:
        if self._line:
            self._line.quit()
            self._line = None

    def _round(self, items: list[Item]) -> list[tuple[Item, str]]:
        """Try each message once; return those to be tried again, with the reason."""
        again: list[tuple[Item, str]] = []
        #: Messages since the connection was made: one that took none is not made anew at once.
        taken = 0
        for number, item in enumerate(items):
            if self.stopping:
                raise KeyboardInterrupt
            if self._line is None or not self._line.is_open:
                try:
                    self._line = Connection(self.account)
                except (LostError, DeferredError) as error:
                    return again + [(one, error.words) for one in items[number:]]
                except SmtpError as error:
                    raise self._unusable(error.words, error.hint) from None
                taken = 0
            self._keep_to_rate()
            try:
                words = self._send(item, self._line)
            except RefusedError as error:
                self._note(item, State.REFUSED, error.words)
                self._take_heed(error.words)
            except UnusableError as error:
                raise self._unusable(error.words, error.hint) from None
            except UnfitError as error:
                self._note(item, State.PLANNED, error.words)
                self.outcome.waiting.append((item.mail.recipient.mailbox.address, error.words))
            except DoubtfulError as error:
                self._note(item, State.UNKNOWN, error.words)
            except (DeferredError, LostError) as error:
                self._note(item, State.PLANNED, error.words)
                again.append((item, error.words))
                if not self._line.is_open and not taken:
                    return again + [(one, error.words) for one in items[number + 1 :]]
            else:
                taken += 1
                self._note(item, State.ACCEPTED, words)
            self.progress(self.outcome.accepted)
        return again

    def _send(self, item: Item, line: Connection) -> str:
        to = item.mail.recipient
        header = item.original.copy(
            to.mailbox,
            to.name,
            item.message_id,
            thread=item.mail.thread,
            at=datetime.now(UTC),
            unsubscribe=self.unsubscribe,
            sign=self.signer.sign if self.signer else None,
            mark=item.mark,
        )

        def before_end() -> None:
            if item.row:
                self.ledger.depart(item.row)

        original = item.original
        return line.send(original.sender, to.mailbox, header, original.body, before_end, is_7bit=original.is_7bit)

    def _note(self, item: Item, state: State, words: str) -> None:
        if item.row:
            self.ledger.settle(item.row, state, words)
        address = item.mail.recipient.mailbox.address
        match state:
            case State.ACCEPTED:
                self.outcome.accepted += 1
            case State.REFUSED:
                self.outcome.refused.append((address, words))
            case State.UNKNOWN:
                self.outcome.unknown.append((address, words))

    def _keep_to_rate(self) -> None:
        if self.rate:
            now = time.monotonic()
            if now < self._next:
                self._rest(self._next - now)
            self._next = max(now, self._next) + 60 / self.rate
