"""Who gets what: recipients, what is out, and what they had before → the messages of one release."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from communique.ledger import Delivery, State
from communique.model import LANGUAGES
from communique.recipients import Mailbox, Recipient

#: Messages of these states have reached somebody, or may have.
ARRIVED = (State.ACCEPTED, State.UNKNOWN, State.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to send of a release: ``languages`` are those that are out; the reasons of the others by language.

    ``sensitive`` says that it is under embargo, ``retracted`` that it is a notice of that.
    """

    release: str
    version: int
    languages: tuple[str, ...]
    because: Mapping[str, str]
    tags: tuple[str, ...] = ()
    sensitive: bool = False
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user asked for: patterns of addresses and outlets, and what to do with what an earlier send left."""

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    correction: bool = False
    resend_unknown: bool = False
    retry_refused: bool = False

    def takes(self, address: str, outlet: str) -> bool:
        """Whether a recipient is among those asked for."""
        return (not self.only or _matches(self.only, address, outlet)) and not _matches(self.exclude, address, outlet)


def _matches(patterns: Iterable[str], address: str, outlet: str) -> bool:
    known = (address.casefold(), outlet.casefold())
    return any(fnmatch.fnmatchcase(text, pattern.casefold()) for text in known for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to be sent; ``thread`` are the identifiers of the versions that its recipient has, oldest first."""

    recipient: Recipient
    language: str
    thread: tuple[str, ...] = ()


@dataclass
class Mailing:
    """The messages of one release, and who gets none and why; ``settled`` counts those who need none."""

    offer: Offer
    mails: list[Mail] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)
    unknown: list[Delivery] = field(default_factory=list)

    def count(self, language: str) -> int:
        return sum(mail.language == language for mail in self.mails)


def plan(offer: Offer, recipients: Iterable[Recipient] | None, known: Iterable[Delivery], choice: Choice) -> Mailing:
    """Return the mailing of a release to the recipients of lists, or, without lists, to those who had it before.

    A correction goes to those whom the server took an earlier version for; a list then only says who of them is left,
    and in which language they want it.
    """
    mailing = Mailing(offer)
    had: dict[str, list[Delivery]] = {}
    for delivery in sorted(known, key=lambda d: d.version):
        had.setdefault(delivery.recipient, []).append(delivery)
    if recipients is None:
        recipients = [_again(deliveries[-1]) for deliveries in had.values() if deliveries[-1].address]
    elif choice.correction:
        recipients = list(recipients)
        listed = {one.key for one in recipients}
        gone = [d[-1].address for key, d in had.items() if key not in listed and d[-1].address]
        mailing.held += [(address, "no longer in the list") for address in gone]
    for one in recipients:
        _place(mailing, one, had.get(one.key, []), choice)
    return mailing


def _again(last: Delivery) -> Recipient:
    """Return somebody who had an earlier version as a recipient, with any other language after their own."""
    languages = (last.language, *(language for language in LANGUAGES if language != last.language))
    return Recipient(Mailbox(last.address, last.recipient), last.name, languages, last.outlet, embargo=True)


def _place(mailing: Mailing, one: Recipient, had: list[Delivery], choice: Choice) -> None:
    """Put a recipient where they belong: among the mails, the held, or the settled."""
    offer, address = mailing.offer, one.mailbox.address
    earlier = [d for d in had if d.version < offer.version and d.state in ARRIVED]
    now = next((d for d in had if d.version == offer.version), None)
    if not choice.takes(address, one.outlet):
        _count(mailing, "left out by --only or --exclude")
    elif now and now.state is State.ACCEPTED:
        _count(mailing, "who have it already")
    elif now and now.state in (State.UNKNOWN, State.IN_FLIGHT) and not choice.resend_unknown:
        mailing.unknown.append(now)
    elif now and now.state is State.REFUSED and not choice.retry_refused:
        mailing.held.append((address, f"refused before: {now.words}; --retry-refused tries again"))
    elif choice.correction and not earlier:
        _count(mailing, "who had no earlier version")
    elif earlier and not choice.correction:
        reason = f"had version {earlier[-1].version}; --correction sends them version {offer.version}"
        mailing.held.append((address, reason))
    elif not earlier and (reason := _unfit(offer, one)):
        mailing.held.append((address, reason))
    elif language := next((language for language in one.languages if language in offer.languages), ""):
        mailing.mails.append(Mail(one, language, tuple(d.message_id for d in earlier)))
    else:
        reasons = [f"{language} is {offer.because.get(language, 'no language of it')}" for language in one.languages]
        mailing.held.append((address, "; ".join(reasons)))


def _unfit(offer: Offer, one: Recipient) -> str:
    """Return why a release is not for somebody who had nothing of it yet, or nothing."""
    tags = {tag.casefold() for tag in offer.tags}
    if one.topics and tags and not tags & set(one.topics):
        return f"wants {', '.join(one.topics)}; it is about {', '.join(sorted(tags))}"
    if offer.sensitive and not one.embargo:
        return "under embargo, and not marked embargo: yes"
    return ""


def _count(mailing: Mailing, why: str) -> None:
    mailing.settled[why] = mailing.settled.get(why, 0) + 1
