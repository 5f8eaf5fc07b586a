"""A build that takes each page's own bytes for its PDF: an archive's journal in minutes instead of hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from communique import cli, commandline, engine, executors, press, report, workers
from communique.intake import Request
from communique.jobs import Shared


class Unprinted(press.Press):
    """Makes everything but PDFs, which are the bytes of their page."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.studio.printer.print = lambda page, *_: page.encode()  # type: ignore[method-assign]


def build(root: Path) -> None:
    """Build a newsroom into its folder output/, as ``python build.py`` would but for the PDFs."""
    workers.collect_rarely()
    options = commandline.parser().parse_args(["build", "--quiet"])
    tools = cli._tools(options, report.Progress(quiet=True, verbose=False))
    tools = replace(tools, executor=lambda maker, due: workers.Pool(executors.cores(), due, Unprinted, maker.shared))
    request = Request(now=datetime.now(UTC))
    outcome = engine.build(root.resolve(), root / "output", request, lambda: tools, lambda: None)
    assert not len(outcome.problems), list(outcome.problems)
