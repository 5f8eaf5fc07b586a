"""``python build.py …`` is the same as the installed command ``communique …``."""

import sys

try:
    from communique.cli import run
except ImportError as error:
    missing = error.name or ""
    print(
        f"build.py: {missing} is not installed for this Python. Type 'make' once; then 'source .venv/bin/activate' "
        "(on Windows '.venv\\Scripts\\activate') and 'python build.py' again.",
        file=sys.stderr,
    )
    sys.exit(2)
except KeyboardInterrupt:
    print("build.py: stopped before it began", file=sys.stderr)
    sys.exit(130)

if __name__ == "__main__":
    run()
