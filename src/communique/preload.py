"""What the processes of a pool are forked from: all that they need is loaded once, and told of if it is missing."""

from __future__ import annotations

import signal
from contextlib import suppress

from communique import press  # noqa: F401 (loaded for those who are forked)
from communique.errors import InputError
from communique.pdf import load_weasyprint

# Ctrl-C is the caller's to act on, also while this is being loaded.
signal.signal(signal.SIGINT, signal.SIG_IGN)
# Whoever prints tells of what is missing, with the release.
with suppress(InputError):
    load_weasyprint()
