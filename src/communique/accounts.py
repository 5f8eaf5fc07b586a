"""What the user sees of a mailing: before it, while it runs, and afterwards out of the ledger."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import fields

from communique.ledger import Delivery, State
from communique.letters import width
from communique.mailing import Mailing
from communique.recipients import FORMULA
from communique.report import count

#: More addresses than these are not listed for one reason, unless everything is asked for.
MOST_LISTED = 5
STATES = tuple(state.value for state in State)


def preview(mailing: Mailing, subjects: dict[str, str], *, embargo: str, whole: bool) -> Iterator[str]:
    """Yield what would go to whom: counts and subjects by language, who gets nothing and why."""
    offer = mailing.offer
    until = f", under embargo until {embargo}" if offer.sensitive else ""
    what = "retraction" if offer.retracted else f"version {offer.version}"
    yield f"{offer.release}, {what}{until}: {count(len(mailing.mails), 'message')}"
    rows = [(language, str(mailing.count(language)), subjects[language]) for language in offer.languages]
    digits = max((len(number) for _, number, _ in rows), default=0)
    yield from (f"  {language}  {number:>{digits}}  {subject}" for language, number, subject in rows)
    if mailing.held:
        yield f"Not sent to ({len(mailing.held)}):"
        yield from _grouped(mailing.held, whole=whole)
    if mailing.unknown:
        yield f"Unknown from an earlier send ({len(mailing.unknown)}), not sent again by itself:"
        yield from (f"  {d.address}: {d.words}; {d.message_id}" for d in mailing.unknown)
        yield "  Look for them in the server's log; then add --resend-unknown, or run once with --unknown-arrived."
    yield from (f"Recipients {why}: {number}" for why, number in mailing.settled.items())


def _grouped(held: Iterable[tuple[str, str]], *, whole: bool) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for address, reason in held:
        groups.setdefault(reason, []).append(address)
    for reason, addresses in groups.items():
        shown = addresses if whole else addresses[:MOST_LISTED]
        more = f" and {len(addresses) - len(shown)} more (-v lists them)" if len(addresses) > len(shown) else ""
        yield f"  {', '.join(shown)}{more}: {reason}"


def table(deliveries: Iterable[Delivery]) -> Iterator[str]:
    """Yield a release's report: messages by version, language and state, then those that were not accepted."""
    known = list(deliveries)
    lines = [["version", "language", *STATES]]
    for version, language in sorted({(d.version, d.language) for d in known}):
        own = [d.state.value for d in known if (d.version, d.language) == (version, language)]
        lines.append([str(version), language, *(str(own.count(state)) for state in STATES)])
    widths = [max(width(line[n]) for line in lines) for n in range(len(lines[0]))]
    for line in lines:
        yield "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True))
    for state in (State.PLANNED, State.IN_FLIGHT, State.REFUSED, State.UNKNOWN):
        if own_ := [d for d in known if d.state is state]:
            yield f"{state.value.capitalize()}:"
            yield from (f"  {d.address or d.recipient}{f': {d.words}' if d.words else ''}" for d in own_)


def as_csv(deliveries: Iterable[Delivery]) -> str:
    """Return a release's rows of the ledger as CSV (RFC 4180); no cell begins like a formula."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    names = [field.name for field in fields(Delivery) if field.name != "recipient"]
    writer.writerow(names)
    for delivery in deliveries:
        cells = (delivery.state.value if name == "state" else str(getattr(delivery, name)) for name in names)
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return made.getvalue()
