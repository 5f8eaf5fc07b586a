"""What the processes of a pool are forked from: all that they need is loaded once, and told of if it is missing."""

from __future__ import annotations

import gc
import pickle
import sys
from contextlib import suppress
from types import TracebackType

from communique import press  # noqa: F401 (loaded for those who are forked)
from communique.errors import InputError
from communique.pdf import load_weasyprint


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say nothing of a caller that is gone: it was stopped while it told a new worker what to do."""
    if not issubclass(kind, EOFError | OSError | pickle.UnpicklingError):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quiet
# Whoever prints tells of what is missing, with the release.
with suppress(InputError):
    load_weasyprint()
# No collection of theirs need look at it, and so copy it.
gc.freeze()
