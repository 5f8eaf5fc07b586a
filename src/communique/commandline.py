"""The words that a user types: the verbs, their options, and what they are for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from communique.model import LANGUAGES

FORMATS = ("html", "pdf", "email")
VERBS = ("build", "check", "translate", "status", "new", "send", "pack", "forget", "publish")


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
    build.add_argument("--jobs", type=_positive, metavar="N", help="processes at work (default: one a core)")
    build.add_argument("--dask", metavar="ADDRESS", help="work on a Dask cluster: tcp://scheduler:8786")
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

    translate = verbs.add_parser("translate", parents=[common], help="create or update the catalogs for translators")
    translate.add_argument("ids", nargs="*", metavar="ID", help="only these releases")
    exchange = translate.add_mutually_exclusive_group()
    exchange.add_argument("--tmx", type=Path, metavar="FILE", help="only write all translations so far as a TMX memory")
    exchange.add_argument("--xliff", type=Path, metavar="DIR", help="also write the catalogs as XLIFF for an agency")
    exchange.add_argument(
        "--from-xliff", type=Path, metavar="FILE", action="append", help="only take over an agency's XLIFF"
    )

    status = verbs.add_parser("status", parents=[common], help="how far each release is in each language")
    status.add_argument("ids", nargs="*", metavar="ID", help="only these releases")
    status.add_argument("--language", choices=LANGUAGES, help="list the open messages of this language")
    status.add_argument("--json", action="store_true", help="for other programs")
    status.add_argument("--strict", action="store_true", help="exit 1 when anything is not complete")

    new = verbs.add_parser("new", parents=[common], help="write a release to start from")
    new.add_argument("--title", help="the headline")
    new.add_argument("--date", help="the day of issue: 2026-11-23")
    new.add_argument("--language", choices=LANGUAGES, help="the language it is written in")
    new.add_argument("--id", help="the release's ID (default: made of the day and the headline)")
    _sending(verbs, common)

    publish = verbs.add_parser("publish", parents=[common], help="put output/site where the public reads it")
    publish.add_argument("url", metavar="URL", help="a folder, or s3://bucket/…, gs://bucket/…, sftp://host/…")
    publish.add_argument("--dry-run", action="store_true", help="only tell what would be sent and removed")
    publish.add_argument("--output", type=Path, metavar="DIR", help="instead of output/")
    return top


def _sending(verbs: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the words of sending."""
    send = verbs.add_parser("send", parents=[common], help="to journalists, by mail")
    send.add_argument("ids", nargs="+", metavar="ID", help="these releases")
    send.add_argument("--list", type=Path, action="append", metavar="FILE", help="a CSV list; may be repeated")
    send.add_argument("--yes", action="store_true", help="send without asking")
    send.add_argument("--to", action="append", metavar="ADDRESS", help="only a proof, in every language")
    send.add_argument(
        "--only", action="append", metavar="PATTERN", help="only such addresses or outlets: *@example.org"
    )
    send.add_argument("--exclude", action="append", metavar="PATTERN", help="no such addresses or outlets")
    send.add_argument("--correction", action="store_true", help="to those who received an earlier version")
    send.add_argument("--resend-unknown", action="store_true", help="send again what may have arrived")
    send.add_argument("--unknown-arrived", action="store_true", help="note that what may have arrived did")
    send.add_argument("--retry-refused", action="store_true", help="send again what the server refused for good")
    send.add_argument("--rate", type=_positive, metavar="N", help="messages a minute at most")
    send.add_argument(
        "--for", dest="patience", type=_duration, default=1800, metavar="TIME",
        help="how long to try again what the server puts off: 90s, 30m (the default), 4h",
    )  # fmt: skip
    send.add_argument("--report", action="store_true", help="only tell who was sent what")
    send.add_argument("--csv", action="store_true", help="with --report, as CSV")
    send.add_argument("--output", type=Path, metavar="DIR", help="the build to send, instead of output/")

    pack = verbs.add_parser("pack", parents=[common], help="one zip with everything, for one release")
    pack.add_argument("ids", nargs="+", metavar="ID", help="these releases")
    pack.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")
    pack.add_argument("--output", type=Path, metavar="DIR", help="the build to pack, instead of output/")

    forget = verbs.add_parser("forget", parents=[common], help="a person out of lists and ledger")
    forget.add_argument("address", metavar="ADDRESS", help="the person's address")
    forget.add_argument("--list", type=Path, action="append", metavar="FILE", help="a further list to take them out of")


def _duration(text: str) -> float:
    """Return the seconds of 90s, 30m or 4h."""
    units = {"s": 1, "m": 60, "h": 3600}
    if len(text) < 2 or text[-1] not in units or not text[:-1].isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is no time; write 90s, 30m or 4h")
    return float(int(text[:-1]) * units[text[-1]])


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be 1 or more, not '{text}'")
    return int(text)


def with_verb(arguments: Sequence[str]) -> list[str]:
    """Return the command line with its verb first: build unless another is named, --root before it or after."""
    rest = list(arguments)
    position = 0
    while position < len(rest):
        word = rest[position]
        if word in VERBS:
            return [word, *rest[:position], *rest[position + 1 :]]
        if word in ("-h", "--help", "--version") and position == 0:
            return rest
        if not word.startswith("-"):
            break
        position += 2 if word == "--root" else 1
    return ["build", *rest]
